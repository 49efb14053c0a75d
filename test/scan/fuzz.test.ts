import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { limitsOf } from '../../src/scan/limits.ts';
import { type Tools, toolsOf } from '../../src/scan/scan-source.ts';
import { malformed, mutant, randomOf, wellFormed } from './cases.ts';
import { readWhole } from './reference.ts';
import { expectedOf, scanned } from './sources.ts';

/** How long to go on, and for how many files at least; `npm run fuzz:scan` goes on until there are 100,000. */
const SECONDS = Number(process.env.KMS_AUDIT_FUZZ_SECONDS ?? 10);
const FILES = Number(process.env.KMS_AUDIT_FUZZ_FILES ?? 0);
const LONGEST_SECONDS = 3600;
const SEED = Number(process.env.KMS_AUDIT_FUZZ_SEED ?? 1);
const HANG_MILLISECONDS = 5000;
const RECORD_BYTES = 20_000;

const limits = limitsOf({ recordBytes: RECORD_BYTES, depth: 500 });
const TOOLS: readonly Tools[] = [
  toolsOf(limits),
  toolsOf(limits, { windowBytes: 4096 }),
  toolsOf(limits, { windowBytes: 61 }),
  toolsOf(limits, { windowBytes: 19 }),
];
const PUBLIC = toolsOf(limits, { publicZlib: true, windowBytes: 1000 });

/** The bytes as they might come through a pipe. */
async function* streamed(bytes: Buffer, random: (below: number) => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random(random(3) === 0 ? 20 : 5000);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Some seeds put together, cut, repeated, and changed here and there. */
function monster(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  const seed = (): Buffer => seeds[random(seeds.length)] ?? Buffer.alloc(0);
  const piece = (): Buffer => {
    const bytes = seed();
    const [a, b] = [random(bytes.length + 1), random(bytes.length + 1)];
    return bytes.subarray(Math.min(a, b), Math.max(a, b));
  };
  let bytes = seed();
  for (let turns = random(4); turns > 0; turns -= 1) {
    const at = random(bytes.length + 1);
    if (random(3) === 0) bytes = Buffer.concat([bytes.subarray(0, at), piece(), bytes.subarray(at)]);
    else if (random(4) === 0) bytes = bytes.subarray(0, at);
    else if (random(5) === 0) bytes = Buffer.concat([bytes, Buffer.from('\n'), seed()]);
    else if (bytes.length > 0) bytes = mutant(bytes, random);
  }
  return bytes;
}

it(
  `for ${SECONDS} s and ${FILES} files at least: no crash, no hang, nothing unaccounted for, whatever the windows`,
  async () => {
    const seeds = [...wellFormed(), ...malformed()].map(({ bytes }) => bytes);
    const random = randomOf(SEED);
    const until = Date.now() + SECONDS * 1000;
    let files = 0;
    let streams = 0;
    for (; Date.now() < until || files < FILES; files += 1) {
      const bytes = monster(seeds, random);
      const packed = random(3) === 0;
      const stored = packed ? gzipSync(bytes, { level: 1 }) : bytes;
      const spoilt = packed && random(2) === 0 ? mutant(stored, random) : stored;
      const [one, two] = [TOOLS[random(TOOLS.length)], TOOLS[random(TOOLS.length)]];
      const why = `seed ${SEED}, file ${files}: ${spoilt.toString('base64').slice(0, 20_000)}`;
      const outcomes = [];
      for (const tools of [one, two]) {
        const started = Date.now();
        const outcome = tools === undefined ? undefined : await scanned(spoilt, tools);
        expect(Date.now() - started, why).toBeLessThan(HANG_MILLISECONDS);
        expect(outcome?.records, why).toBe((outcome?.outOfScope ?? 0) + (outcome?.readings.length ?? 0) + (outcome?.rejected.length ?? 0));
        outcomes.push(outcome);
      }
      expect(outcomes[1], why).toEqual(outcomes[0]);
      if (packed && random(10) === 0) {
        const { records, outOfScope, readings, rejected } = await scanned(spoilt, PUBLIC);
        expect(records, why).toBe(outOfScope + readings.length + rejected.length);
        if (spoilt === stored) expect({ records, outOfScope, readings, rejected, reasons: outcomes[0]?.reasons }, why).toEqual(outcomes[0]);
      }
      if (one !== undefined && random(4) === 0) {
        streams += 1;
        const { records, outOfScope, readings, rejected, reasons } = await scanned(streamed(spoilt, random), one);
        expect(records, why).toBe(outOfScope + readings.length + rejected.length);
        // A stream cannot be read again: neither after a fault in gzip, nor as the wrapper that a list turns out to be in.
        const same = spoilt === stored && !reasons.some((reason) => reason.startsWith('behind a list of records'));
        if (same) expect({ records, outOfScope, readings, rejected, reasons }, why).toEqual(outcomes[0]);
      }
      if (one !== undefined && random(4) === 0) {
        streams += 1;
        const fork = random(2 ** 31);
        const again = await scanned({ open: () => streamed(spoilt, randomOf(fork)) }, one);
        // What can be had again loses nothing.
        expect(again, why).toEqual(outcomes[0]);
      }
      const whole = spoilt === stored && bytes.length < RECORD_BYTES ? readWhole(bytes) : undefined;
      if (whole !== undefined && outcomes[0] !== undefined) {
        const { reasons, ...outcome } = outcomes[0];
        expect(outcome, `${why}\n${reasons.join('\n')}`).toEqual(expectedOf(whole));
      }
    }
    process.stdout.write(`fuzzed ${files} files, ${streams} of them as streams too, seed ${SEED}\n`);
    expect(files).toBeGreaterThan(SECONDS);
  },
  (FILES > 0 ? LONGEST_SECONDS : SECONDS + 60) * 1000,
);
