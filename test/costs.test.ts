import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costOfLife } from './support/cost-of-life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

describe('what a clean task life costs', () => {
  it('stays within 1.7 write units and 0.5 read units per event, without a call to SNS or CloudWatch', async () => {
    const { writeUnits, readUnits, calls, storedBytes } = await costOfLife(tables, { serial: 101, volumeId: 'vol-0c0ffee0c0ffee001' });
    console.log(
      `clean task life: ${(writeUnits / 6).toFixed(2)} write units and ${(readUnits / 6).toFixed(2)} read units per event; ${calls.length} calls: ${calls.join(', ')}`,
    );
    console.log(`stored: ${Math.round(storedBytes / 6)} bytes per event`);
    expect(storedBytes / 6).toBeLessThan(1_000);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.5);
    expect(readUnits / 6).toBeLessThanOrEqual(0.5);
  });

  it('stays within 1.7 write units in a process that has seen nothing yet', async () => {
    const { writeUnits } = await costOfLife(tables, { serial: 103, volumeId: 'vol-0c0ffee0c0ffee003' }, false);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.7);
    expect(writeUnits / 6).toBeGreaterThan(1.5);
  });

  it('keeps a grant’s item under 1,024 bytes with the longest cluster name', async () => {
    const { largestGrantBytes, writeUnits } = await costOfLife(tables, {
      serial: 102,
      cluster: 'c'.repeat(255),
      volumeId: 'vol-0c0ffee0c0ffee002',
    });
    console.log(
      `a grant's item with a 255-character cluster name: ${largestGrantBytes} bytes; that life: ${(writeUnits / 6).toFixed(2)} write units per event`,
    );
    expect(largestGrantBytes).toBeGreaterThan(0);
    expect(largestGrantBytes).toBeLessThan(1_024);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.7);
  });
});
