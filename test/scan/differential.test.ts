import { describe, expect, it } from 'vitest';
import { limitsOf } from '../../src/scan/limits.ts';
import { type Tools, toolsOf } from '../../src/scan/scan-source.ts';
import { type Case, GOOD, malformed, mutant, randomOf, wellFormed } from './cases.ts';
import { readSlowly, readWhole } from './reference.ts';
import { expectedOf, scanned } from './sources.ts';

const MUTANTS = 2000;
/** Windows so small that every record is met in pieces, and so large that none is. */
const WINDOWS = [19, 64, 4096, 1024 * 1024];
const tools: Tools[] = WINDOWS.map((windowBytes) => toolsOf(limitsOf({ recordBytes: 1024 * 1024 }), { windowBytes }));
const IN_WINDOWS = `in windows of ${WINDOWS.join(', ')} bytes`;
const SOUND = wellFormed();
const SPOILT = malformed();

async function agrees({ name, bytes }: Case, which: readonly Tools[]): Promise<void> {
  const expected = expectedOf(readSlowly(bytes));
  for (const one of which) {
    const { reasons, ...outcome } = await scanned(bytes, one);
    expect({ ...outcome, name, window: one.scanner.windowBytes }, `${name}\n${reasons.join('\n')}`).toEqual({
      ...expected,
      name,
      window: one.scanner.windowBytes,
    });
  }
}

describe('the fast reader agrees with JSON.parse and readEnvelope', () => {
  it(`on ${SOUND.length} sources of every shape and every oddity, ${IN_WINDOWS}`, async () => {
    expect(SOUND.length).toBeGreaterThan(400);
    for (const one of SOUND) await agrees(one, tools);
  });

  it(`on ${SPOILT.length} sources with what is no record, and on its neighbours, ${IN_WINDOWS}`, async () => {
    expect(SPOILT.length).toBeGreaterThan(400);
    for (const one of SPOILT) await agrees(one, tools);
  });

  it(`on ${MUTANTS} mutants of one byte, ${IN_WINDOWS}`, async () => {
    const sound = SOUND.filter(({ bytes }) => bytes.length > 100);
    const random = randomOf(20261102);
    let whole = 0;
    for (let count = 0; count < MUTANTS; count += 1) {
      const one = sound[random(sound.length)];
      if (one === undefined) continue;
      const bytes = mutant(one.bytes, random);
      if (readWhole(bytes) !== undefined) whole += 1;
      await agrees({ name: `mutant ${count} of ${one.name}`, bytes }, tools);
    }
    // Some mutants are JSON still: both sorts have to be there.
    expect(whole).toBeGreaterThan(100);
    expect(whole).toBeLessThan(MUTANTS / 2);
  });

  it('loses no neighbour of a byte that was changed', async () => {
    const records = GOOD.map((record) => JSON.stringify({ ...record, resources: [{ ARN: 'arn:aws:kms:us-west-2:111122223333:key/1' }] }));
    const sources = [`{"Records":[${records.join(',')}]}`, `[\n${records.join(',\n')}\n]`, records.join('\n')].map((text) =>
      Buffer.from(text),
    );
    const random = randomOf(1);
    for (let count = 0; count < MUTANTS / 2; count += 1) {
      const bytes = mutant(sources[count % sources.length] ?? Buffer.alloc(0), random);
      if (readWhole(bytes) !== undefined) continue;
      for (const one of tools.slice(2)) {
        const { outOfScope, readings, rejected, reasons } = await scanned(bytes, one);
        const why = `mutant ${count}\n${reasons.join('\n')}`;
        // Lines do not say that they were one file: a line that became blanks is not missed.
        if (count % sources.length !== 2) expect(rejected.length, why).toBeGreaterThan(0);
        expect(rejected.length, why).toBeLessThan(4);
        expect(outOfScope + readings.length, why).toBeGreaterThanOrEqual(records.length - 1);
      }
    }
  });
});
