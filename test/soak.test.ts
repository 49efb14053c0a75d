import { expect, it } from 'vitest';
import { soak } from './soak/soak.ts';

const EVENTS = Number(process.env.KMS_AUDIT_SOAK_EVENTS ?? 3_000);

it(`${EVENTS} events of a simulated fleet, three handlers at once, come to what the model says`, async () => {
  const { seconds, memory, differences, ...counts } = await soak({ events: EVENTS, seed: 1, handlers: 3 });

  console.log(`soak: ${EVENTS} events in ${seconds.toFixed(0)} s`, counts, memory.at(-1));
  expect(differences).toEqual([]);
  expect(memory.length).toBeGreaterThan(10);
  // A fleet at peace would prove little.
  expect(counts.findings).toBeGreaterThan(10);
  expect(counts.alerts).toBeGreaterThan(5);
  expect(counts.openGrants).toBeGreaterThan(50);
});
