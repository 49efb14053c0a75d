import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../src/core/envelope.ts';
import { sha256 } from '../src/system.ts';
import { corpus, fuzz } from './fuzz/fuzz.ts';
import { verdictOf } from './fuzz/reading.ts';
import { randomOf } from './scan/cases.ts';

/** Another part of the inputs each day; a failing one is named by this number. `npm run fuzz` tries ten million. */
const SEED = Number(process.env.KMS_AUDIT_SEED ?? Math.floor(Date.now() / 86_400_000));
const SECONDS = Number(process.env.KMS_AUDIT_FUZZ_SECONDS ?? 10);

describe('the reader of records and envelopes', () => {
  it('keeps its promises on everything that ever took a way of its own', () => {
    const kept = corpus();
    expect(kept.length).toBeGreaterThan(100);
    for (const input of kept)
      for (let choice = 0; choice < 20; choice += 1)
        expect(verdictOf(input, randomOf(choice)).wrong, JSON.stringify(input)).toBeUndefined();
  });

  it('reads all of that as it did, unless somebody has looked at the difference and renewed it with -u', async () => {
    const told = (_name: string, value: unknown): unknown => (value instanceof Map ? [...value] : value);
    const lines = corpus().map((input) => JSON.stringify(readEnvelope(input, sha256), told));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('fuzz/readings.jsonl');
  });

  it(`keeps them on what grows from that in ${SECONDS} s (seed ${SEED})`, () => {
    const until = performance.now() + SECONDS * 1000;
    const { inputs, failure } = fuzz(SEED, () => performance.now() > until);
    expect(failure).toBeUndefined();
    expect(inputs).toBeGreaterThan(1_000 * SECONDS);
  });
});
