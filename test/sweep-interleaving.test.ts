import { describe, expect, it } from 'vitest';
import { readGrantTerms } from '../src/core/grant-terms.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import type { GrantPage, KeyInspector, Ledger } from '../src/ports.ts';
import { reconcile } from '../src/reconcile.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, ecsContext, eventId, instant, KEY, PROD, type RawRecord, retireGrant } from './support/fleet.ts';
import { everyInterleaving, type Gate, gatedLedger } from './support/interleaving.ts';

const HOUR = 3_600;
const GRANT = 'a'.repeat(64);
const CONTEXT = ecsContext(PROD, 'vol-0000000000000000a');
const created = (second: number): RawRecord =>
  createGrant(GRANT, { constraints: { encryptionContextSubset: CONTEXT } }, { eventTime: instant(second), eventID: eventId('create') });
const retired = (second: number): RawRecord => retireGrant(GRANT, { eventTime: instant(second), eventID: eventId('retire') });

function pipelineOn(ledger: Ledger, second: number): Pipeline {
  return { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => Date.parse(instant(second)) / 1000, log: () => {} };
}

/** KMS as it stands when it is asked: the gate decides when that is, so that a handler may come between two pages. */
function inspector(gate: Gate, lists: () => boolean, second: number): KeyInspector {
  return {
    async *keys() {
      yield KEY;
    },
    grants: async () => {
      let page: GrantPage = { grants: [] };
      await gate('ListGrants', async () => {
        const terms = readGrantTerms(Object(created(second)).requestParameters, sha256);
        page = { grants: lists() ? [{ keyArn: KEY, grantId: GRANT, createdAt: instant(second), ...terms }] : [] };
      });
      return page;
    },
    key: async () => ({ state: 'enabled' }),
  };
}

/** What the ledger holds of the grant, observations of absence aside. */
async function outcome(ledger: Ledger): Promise<string> {
  const { grants, creations } = await ledger.snapshot();
  const heads = grants.map(({ missing: _, ...head }) => head);
  return JSON.stringify({ heads, creations: creations.map(({ eventId: id, cluster, volumeId }) => [id, cluster, volumeId]) });
}

const make = async (): Promise<Ledger> => new MemoryLedger();

describe('a sweep beside live traffic', () => {
  it('ends as the records alone do, when a grant is adopted while its record arrives', async () => {
    const outcomes = new Set<string>();
    const runs = await everyInterleaving(async (gate) => {
      const ledger = await make();
      const gated = gatedLedger(ledger, gate);
      await Promise.all([
        auditEvent(created(0), pipelineOn(gated, HOUR)),
        reconcile({ pipeline: pipelineOn(gated, HOUR), keys: inspector(gate, () => true, 0) }),
      ]);
      outcomes.add(await outcome(ledger));
    });
    const alone = await make();
    await auditEvent(created(0), pipelineOn(alone, HOUR));
    expect(runs).toBeGreaterThan(20);
    expect([...outcomes]).toEqual([await outcome(alone)]);
  }, 30_000);

  it('never closes a grant that was made while it ran, nor one that a record closes meanwhile', async () => {
    const statuses = new Set<string>();
    const made = async (ledger: Ledger, second: number, before: number): Promise<void> => {
      // The sweep an hour before found nothing.
      await ledger.seeKey({ keyArn: KEY, seen: instant(before), swept: instant(before) });
      await auditEvent(created(second), pipelineOn(ledger, second));
    };
    await everyInterleaving(async (gate) => {
      const ledger = await make();
      await ledger.seeKey({ keyArn: KEY, seen: instant(0), swept: instant(0) });
      const gated = gatedLedger(ledger, gate);
      await Promise.all([
        auditEvent(created(HOUR + 1), pipelineOn(gated, HOUR)),
        reconcile({ pipeline: pipelineOn(gated, HOUR), keys: inspector(gate, () => false, HOUR + 1) }),
      ]);
      const [head] = (await ledger.snapshot()).grants;
      statuses.add(JSON.stringify([head?.missing, head?.gone]));
    });
    expect([...statuses]).toEqual(['[null,null]']);
    const outcomes = new Set<string>();
    await everyInterleaving(async (gate) => {
      const ledger = await make();
      await made(ledger, 0, 0);
      await ledger.noteMissing({ keyArn: KEY, grantId: GRANT }, { started: instant(HOUR), before: undefined });
      await ledger.seeKey({ keyArn: KEY, seen: instant(HOUR), swept: instant(HOUR) });
      const gated = gatedLedger(ledger, gate);
      await Promise.all([
        auditEvent(retired(1_800), pipelineOn(gated, 2 * HOUR)),
        reconcile({ pipeline: pipelineOn(gated, 2 * HOUR), keys: inspector(gate, () => false, 0) }),
      ]);
      outcomes.add(await outcome(ledger));
    });
    expect([...outcomes]).toEqual([expect.stringContaining('"how":"retired"')]);
    expect([...outcomes][0]).not.toContain('gone');
  }, 30_000);

  it('ends open when one sweep sees what another, begun before, lets go', async () => {
    const outcomes = new Set<string>();
    await everyInterleaving(async (gate) => {
      const ledger = await make();
      await auditEvent(created(0), pipelineOn(ledger, 0));
      await ledger.noteMissing({ keyArn: KEY, grantId: GRANT }, { started: instant(HOUR), before: undefined });
      await ledger.seeKey({ keyArn: KEY, seen: instant(HOUR), swept: instant(HOUR) });
      const gated = gatedLedger(ledger, gate);
      await Promise.all([
        reconcile({ pipeline: pipelineOn(gated, 2 * HOUR), keys: inspector(gate, () => false, 0) }),
        reconcile({ pipeline: pipelineOn(gated, 3 * HOUR), keys: inspector(gate, () => true, 0) }),
      ]);
      // Whoever was too late is made up for by the next sweep that sees it.
      await reconcile({
        pipeline: pipelineOn(ledger, 4 * HOUR),
        keys: inspector(
          async (__, call) => void (await call()),
          () => true,
          0,
        ),
      });
      outcomes.add(await outcome(ledger));
    });
    expect(outcomes.size).toBe(1);
    expect([...outcomes][0]).not.toContain('gone');
  }, 30_000);
});
