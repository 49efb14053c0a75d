import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAges } from '../src/ages.ts';
import { AlertHeldError } from '../src/alerts.ts';
import type { AlertMessage } from '../src/core/message.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';
import {
  createGrant,
  decrypt,
  ecsContext,
  eventId,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  revokeGrant,
  SECOND_KEY,
  user,
} from './support/fleet.ts';
import { everyInterleaving, type Gate, gatedLedger } from './support/interleaving.ts';

const NOON = Date.parse('2026-11-02T12:00:00Z') / 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** A record so many seconds after noon. */
const at = (seconds: number, raw: RawRecord): RawRecord => ({
  ...raw,
  eventTime: `${new Date((NOON + seconds) * 1000).toISOString().slice(0, 19)}Z`,
  eventID: eventId(`${seconds}/${JSON.stringify(raw)}`),
});
const call = (source: string, name: string, requestParameters: object, fields: RawRecord = {}): RawRecord => ({
  ...record(name, { userIdentity: user('operator'), requestParameters, resources: undefined, ...fields }),
  eventSource: source,
});

const disable = record('DisableKey', { userIdentity: user('operator') });
const enable = record('EnableKey', { userIdentity: user('operator') });
const refused = record('Decrypt', {
  requestParameters: { encryptionContext: ecsContext(PROD, 'vol-0000000000000000a') },
  errorCode: 'DisabledException',
  errorMessage: `${KEY} is disabled.`,
});
const stranger = (grantId: string): RawRecord =>
  createGrant(
    grantId,
    { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`, constraints: { encryptionContextEquals: { 'aws:ebs:id': 'vol-1' } } },
    { userIdentity: user('operator') },
  );
const trail = (name: string, fields: object = {}): RawRecord => call('cloudtrail.amazonaws.com', name, { name: 'main', ...fields });
const ownRule = (name: string, fields: object = {}): RawRecord =>
  call('events.amazonaws.com', name, { name: 'kms-audit-prod-Rule-1', ...fields });
const ownTargets = (name: string): RawRecord => ownRule(name, { name: undefined, rule: 'kms-audit-prod-Rule-1' });
const byDeployment = (raw: RawRecord): RawRecord => ({
  ...raw,
  userIdentity: { ...user('deployer'), invokedBy: 'cloudformation.amazonaws.com' },
});

const deployed = (): RawRecord => byDeployment(ownRule('PutRule', { state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' }));

type Kind = 'alert' | 'alert of what is over' | 'reminder' | 'over' | 'withdrawn';

function kindOf({ subject, email }: AlertMessage): Kind {
  if (subject.startsWith('Over: ')) return 'over';
  if (subject.startsWith('Withdrawn: ')) return 'withdrawn';
  if (subject.startsWith('Still: ')) return 'reminder';
  return email.includes('It has ended since') ? 'alert of what is over' : 'alert';
}

/** A deployment in memory whose clock the test moves. */
class Deployment {
  readonly ledger = new MemoryLedger();
  readonly sent: AlertMessage[] = [];
  readonly pipeline: Pipeline;
  now = NOON;

  constructor(policy: Partial<Policy> = {}) {
    this.pipeline = {
      ledger: this.ledger,
      policy: { ...DEFAULT_POLICY, ...policy },
      digest: sha256,
      now: () => this.now,
      log: () => {},
      alerts: { publish: async (message) => void this.sent.push(message) },
    };
  }

  /** Each record arrives as it happens, late ones when their turn comes. */
  async live(...records: readonly RawRecord[]): Promise<void> {
    for (const raw of records) {
      this.now = Math.max(this.now, Date.parse(String(raw.eventTime)) / 1000 + 1);
      await auditEvent(raw, this.pipeline);
    }
  }

  /** What was sent, as `rule: kind`. */
  get told(): string[] {
    return this.sent.map((message) => `${message.attributes.rule}: ${kindOf(message)}`);
  }

  get kinds(): Kind[] {
    return this.sent.map(kindOf);
  }
}

describe('the all-clear', () => {
  it('follows EnableKey, once for each alert, in its thread and for its subscribers', async () => {
    const one = new Deployment();
    await one.live(at(0, disable), at(10, refused), at(600, enable), at(600, enable));
    expect(one.told).toEqual(['key-made-unusable: alert', 'disabled-key-use: alert', 'disabled-key-use: over', 'key-made-unusable: over']);
    const [, alert, over] = one.sent;
    const thread = (message: AlertMessage | undefined): unknown => JSON.parse(message?.chat ?? '{}').metadata.threadId;
    expect(thread(over)).toBe(thread(alert));
    expect(over?.attributes).toEqual(alert?.attributes);
    expect(over?.attributes.clusterName).toBe(PROD.name);
  });

  it('says what ended it, and when', async () => {
    const one = new Deployment();
    await one.live(at(0, disable), at(600, enable));
    expect(one.sent[1]?.email).toContain('EnableKey by');
    expect(one.sent[1]?.email).toContain('2026-11-02T12:10:00Z');
  });

  it('follows ImportKeyMaterial', async () => {
    const one = new Deployment();
    await one.live(at(0, record('DeleteImportedKeyMaterial')), at(60, record('ImportKeyMaterial')));
    expect(one.told).toEqual(['key-made-unusable: alert', 'key-made-unusable: over']);
  });

  it.each<[string, RawRecord[]]>([
    ['CancelKeyDeletion, which leaves the key disabled', [at(0, record('ScheduleKeyDeletion')), at(60, record('CancelKeyDeletion'))]],
    [
      'ConnectCustomKeyStore',
      [
        at(0, record('DisconnectCustomKeyStore', { resources: null, requestParameters: { customKeyStoreId: 'cks-1' } })),
        at(60, record('ConnectCustomKeyStore', { resources: null, requestParameters: { customKeyStoreId: 'cks-1' } })),
      ],
    ],
    ['an EnableKey that was refused', [at(0, disable), at(60, { ...enable, errorCode: 'AccessDenied', errorMessage: KEY })]],
    ['an EnableKey from before the alert, delivered late', [at(60, disable), at(0, enable)]],
    ['an EnableKey delivered after the DisableKey that undid it', [at(0, disable), at(120, disable), at(60, enable)]],
  ])('does not follow %s', async (_what, records) => {
    const one = new Deployment();
    await one.live(...records);
    expect(one.kinds).not.toContain('over');
    expect(one.kinds).toContain('alert');
  });

  it('covers refusals of the minute after it, and no later ones', async () => {
    const one = new Deployment();
    await one.live(at(0, refused), at(600, enable), at(659, refused));
    expect(one.kinds).toEqual(['alert', 'over']);
    await one.live(at(661, refused));
    expect(one.kinds).toEqual(['alert', 'over', 'alert']);
  });

  it('is not for a key disabled anew within that minute', async () => {
    const one = new Deployment();
    await one.live(at(0, disable), at(600, enable), at(630, disable));
    expect(one.told).toEqual(['key-made-unusable: alert', 'key-made-unusable: over', 'key-made-unusable: alert']);
  });

  it('comes again when the trouble came again', async () => {
    const one = new Deployment();
    await one.live(at(0, disable), at(600, enable), at(700, disable), at(800, enable));
    expect(one.kinds).toEqual(['alert', 'over', 'alert', 'over']);
  });

  it('is in the alert itself where the end was known before', async () => {
    const one = new Deployment();
    await one.live(at(600, enable), at(0, refused));
    expect(one.kinds).toEqual(['alert of what is over']);
    await one.live(at(1, refused));
    expect(one.kinds).toEqual(['alert of what is over']);
  });

  it('of grants comes with the last of those that were told', async () => {
    const one = new Deployment();
    await one.live(at(0, stranger('g-1')), at(1, stranger('g-2')), at(60, retireGrant('g-1')));
    expect(one.kinds).toEqual(['alert']);
    await one.live(at(90, revokeGrant('g-2', 'auditor')), at(90, revokeGrant('g-2', 'auditor')), at(95, retireGrant('g-1')));
    expect(one.told).toEqual(['unexpected-grantee: alert', 'unexpected-grantee: over']);
    expect(one.sent[1]?.email).toContain('g-2');
  });

  it('of a grant that was retired before it was known is in the alert', async () => {
    const one = new Deployment();
    await one.live(at(60, retireGrant('g-1')), at(0, stranger('g-1')));
    expect(one.told).toEqual(['unexpected-grantee: alert of what is over']);
  });

  it('of a trail waits until it logs and selects everything again', async () => {
    const one = new Deployment();
    const blind = { trailName: 'main', eventSelectors: [{ readWriteType: 'WriteOnly', includeManagementEvents: true }] };
    const whole = { trailName: 'main', eventSelectors: [{ readWriteType: 'All', includeManagementEvents: true }] };
    const select = (parameters: object): RawRecord => call('cloudtrail.amazonaws.com', 'PutEventSelectors', parameters);
    await one.live(
      at(0, trail('StopLogging')),
      at(10, select(blind)),
      at(60, trail('StartLogging')),
      at(61, trail('UpdateTrail', { s3KeyPrefix: 'p' })),
    );
    expect(one.kinds).toEqual(['alert']);
    await one.live(at(90, select(whole)));
    expect(one.told).toEqual(['audit-blind-spot: alert', 'audit-blind-spot: over']);
  });

  it.each<[string, RawRecord[], boolean]>([
    ['disabled and enabled', [ownRule('DisableRule'), ownRule('EnableRule')], true],
    ['disabled and deployed anew', [ownRule('DisableRule'), deployed()], true],
    ['deleted and deployed anew', [ownRule('DeleteRule'), deployed(), byDeployment(ownTargets('PutTargets'))], true],
    ['without its target', [ownTargets('RemoveTargets'), ownRule('EnableRule')], false],
    ['with a stranger’s target', [ownTargets('PutTargets'), ownRule('EnableRule')], false],
    ['of another pattern', [ownRule('PutRule'), ownRule('EnableRule')], false],
    ['of another pattern, deployed anew', [ownRule('PutRule'), deployed()], true],
    ['deployed in a state that leaves reads out', [ownRule('DisableRule'), byDeployment(ownRule('PutRule', { state: 'ENABLED' }))], false],
  ])('of a rule %s', async (_what, records, over) => {
    const one = new Deployment();
    // A repair long after is no reminder of the trouble.
    const gap = records.length === 2 ? 2 * HOUR : 1;
    await one.live(...records.map((raw, index) => at(index * gap, raw)));
    expect(one.kinds[0]).toBe('alert');
    expect(one.kinds.at(-1) === 'over').toBe(over);
    if (over) expect(one.kinds).not.toContain('reminder');
  });

  it.each<[string, RawRecord[]]>([
    ['narrowed and widened', [trail('UpdateTrail', { isMultiRegionTrail: false }), trail('UpdateTrail', { isMultiRegionTrail: true })]],
    [
      'stopped, narrowed, started and widened',
      [
        trail('StopLogging'),
        trail('UpdateTrail', { isMultiRegionTrail: false }),
        trail('StartLogging'),
        trail('UpdateTrail', { isMultiRegionTrail: true }),
      ],
    ],
  ])('of a trail that was %s', async (_what, records) => {
    const one = new Deployment();
    await one.live(...records.map((raw, index) => at(index, raw)));
    expect(one.kinds).toEqual(['alert', 'over']);
  });

  it('of grants comes whatever the order of their endings', async () => {
    const one = new Deployment();
    await one.live(at(10, stranger('g')), at(4_000, stranger('h')), at(5_000, retireGrant('h')), at(3_000, retireGrant('g')));
    expect(one.kinds).toEqual(['alert', 'reminder', 'over']);
  });

  it('of what nobody was told is not told', async () => {
    const silent = new Deployment({ rules: { 'key-made-unusable': 'silent' } });
    await silent.live(at(0, disable), at(60, enable));
    expect(silent.kinds).toEqual([]);
    const low = new Deployment({ minimumAlertSeverity: 'critical' });
    await low.live(at(0, stranger('g-1')), at(60, retireGrant('g-1')));
    expect(low.kinds).toEqual([]);
  });
});

describe('an alert', () => {
  it('is repeated after an hour when evidence has grown, and not by the passing of time', async () => {
    const one = new Deployment();
    await one.live(at(0, refused), at(10, refused));
    one.now += 5 * HOUR;
    await auditEvent([at(0, refused), at(10, refused)], one.pipeline);
    expect(one.kinds).toEqual(['alert']);
    await one.live(at(HOUR - 1, refused), at(HOUR, refused), at(HOUR + 1, refused));
    expect(one.kinds).toEqual(['alert', 'reminder']);
    expect(one.sent[1]?.email).toContain('Seen 4 times');
  });

  it('of a replayed archive is sent to nobody a second time', async () => {
    const one = new Deployment();
    const day = [at(0, disable), at(10, refused), at(20, stranger('g')), at(600, enable), at(700, retireGrant('g'))];
    await one.live(...day);
    const told = [...one.told];
    one.now += 30 * 24 * HOUR;
    for (const raw of [...day, ...day.toReversed()]) {
      await auditEvent(
        { version: '0', id: 'x', 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.kms', 'replay-name': 'r', detail: raw },
        one.pipeline,
      );
    }
    expect(one.told).toEqual(told);
  });
});

describe('trouble that came back', () => {
  it.each<[string, RawRecord[], Kind[]]>([
    [
      'a grant, its end delivered first',
      [at(10, stranger('g')), at(20, retireGrant('g')), at(100, retireGrant('h')), at(90, stranger('h'))],
      ['alert', 'over', 'alert of what is over'],
    ],
    [
      'a key, its end delivered first',
      [at(0, disable), at(600, enable), at(1_000, enable), at(900, disable)],
      ['alert', 'over', 'alert of what is over'],
    ],
    [
      'a key, three times',
      [at(0, disable), at(600, enable), at(1_000, enable), at(900, disable), at(1_500, enable), at(1_400, disable), at(2_000, disable)],
      ['alert', 'over', 'alert of what is over', 'alert of what is over', 'alert'],
    ],
  ])('is told again: %s', async (_what, records, kinds) => {
    const one = new Deployment();
    await one.live(...records);
    expect(one.kinds).toEqual(kinds);
  });
});

describe('a correction', () => {
  it.each(['before the alert was noted as told', 'after it was published', 'before it was noted as sent'] as const)(
    'follows though the handler of the revocation died %s',
    async (when) => {
      const one = new Deployment();
      await one.live(at(0, createGrant('g')));
      const dying: Gate = async (step, made) => {
        const dies = {
          'before the alert was noted as told': 'noteTold',
          'after it was published': 'publish',
          'before it was noted as sent': 'noteAlert',
        };
        if (step === dies[when] && when !== 'after it was published') throw new Error('died');
        await made();
        if (step === dies[when]) throw new Error('died');
      };
      const gated: Pipeline = {
        ...one.pipeline,
        ledger: gatedLedger(one.ledger, dying),
        alerts: { publish: (message) => dying('publish', async () => void one.sent.push(message)) },
      };
      const [revocation, retirement] = [at(100, revokeGrant('g', 'auditor')), at(50, retireGrant('g'))];
      one.now += MINUTE;
      await expect(auditEvent(revocation, gated)).rejects.toThrow('died');
      await expect(auditEvent(retirement, one.pipeline)).rejects.toThrow(AlertHeldError);
      one.now += MINUTE;
      await auditEvent(retirement, one.pipeline);
      await auditEvent(revocation, one.pipeline);
      if (when === 'before the alert was noted as told') expect(one.kinds).toEqual([]);
      else expect(one.kinds.at(-1)).toBe('withdrawn');
    },
  );

  it('follows a retirement from before the revocation that was told', async () => {
    const one = new Deployment();
    await one.live(at(0, createGrant('g')), at(60, revokeGrant('g', 'auditor')), at(30, retireGrant('g')), at(30, retireGrant('g')));
    expect(one.told).toEqual(['grant-revoked-in-use: alert', 'grant-revoked-in-use: withdrawn']);
    expect(one.sent[1]?.attributes).toEqual(one.sent[0]?.attributes);
    expect(one.sent[1]?.email).toContain('retired before');
  });

  it('does not keep the next revocation quiet', async () => {
    const one = new Deployment();
    await one.live(at(0, createGrant('g')), at(60, revokeGrant('g', 'auditor')), at(30, retireGrant('g')));
    await one.live(at(100, createGrant('h')), at(160, revokeGrant('h', 'auditor')));
    expect(one.kinds).toEqual(['alert', 'withdrawn', 'alert']);
  });

  it('follows a late grant that covers the Decrypt after release that was told', async () => {
    const one = new Deployment();
    const context = ecsContext(PROD, 'vol-0000000000000000a');
    await one.live(at(0, createGrant('g')), at(10, retireGrant('g')), at(60, decrypt(context)));
    one.now += HOUR;
    await settleCandidates(one.pipeline);
    expect(one.told).toEqual(['use-after-release: alert']);
    await one.live(at(20, createGrant('h')));
    expect(one.told).toEqual(['use-after-release: alert', 'use-after-release: withdrawn']);
    await one.live(at(20, createGrant('h')));
    expect(one.sent).toHaveLength(2);
  });

  it('of one volume leaves the others of its cluster told', async () => {
    const one = new Deployment();
    const life = (volume: string, serial: number): RawRecord[] => {
      const constraints = { encryptionContextSubset: ecsContext(PROD, volume) };
      return [
        at(serial, createGrant(`g-${volume}`, { constraints })),
        at(10, retireGrant(`g-${volume}`)),
        at(60 + serial, decrypt(ecsContext(PROD, volume))),
      ];
    };
    await one.live(...life('vol-1', 0), ...life('vol-2', 1));
    one.now += HOUR;
    await settleCandidates(one.pipeline);
    expect(one.kinds).toEqual(['alert']);
    expect(one.sent[0]?.email).toContain('vol-1');
    await one.live(at(20, createGrant('late', { constraints: { encryptionContextSubset: ecsContext(PROD, 'vol-1') } })));
    expect(one.kinds).toEqual(['alert', 'withdrawn', 'alert']);
    expect(one.sent[2]?.email).toContain('vol-2');
  });

  it('is not sent while the finding stands', async () => {
    const one = new Deployment();
    const context = ecsContext(PROD, 'vol-0000000000000000a');
    await one.live(at(0, createGrant('g')), at(10, retireGrant('g')), at(60, decrypt(context)));
    one.now += HOUR;
    await settleCandidates(one.pipeline);
    await one.live(at(80, createGrant('h')));
    expect(one.kinds).toEqual(['alert']);
  });
});

describe('a grant that outlives its use', () => {
  const old = { orphanAfterHours: 24 };

  it('is told once, when it is too old, and its end as well', async () => {
    const one = new Deployment(old);
    await one.live(at(0, createGrant('g')));
    one.now = NOON + 24 * HOUR - 1;
    expect(await judgeAges(one.pipeline)).toBe(0);
    one.now = NOON + 24 * HOUR;
    expect(await judgeAges(one.pipeline)).toBe(1);
    expect(await judgeAges(one.pipeline)).toBe(1);
    expect(one.told).toEqual(['orphan-grant: alert']);
    await one.live(at(25 * HOUR, retireGrant('g')));
    for (let pass = 0; pass < 2; pass += 1) {
      expect(await judgeAges(one.pipeline)).toBe(0);
      expect(one.told).toEqual(['orphan-grant: alert', 'orphan-grant: over']);
    }
  });

  it('is counted once, and told in one alert with the others of its key', async () => {
    const counted: Metric[] = [];
    const one = new Deployment({ ...old, rules: { 'orphan-grant': 'on' } });
    const pipeline: Pipeline = { ...one.pipeline, metrics: { put: async (metrics) => void counted.push(...metrics) } };
    await one.live(...Array.from({ length: 300 }, (_, index) => at(index, createGrant(`g-${index}`))));
    one.now = NOON + 30 * HOUR;
    expect(await judgeAges(pipeline)).toBe(300);
    const first = one.now;
    one.now += HOUR;
    expect(await judgeAges(pipeline, first)).toBe(300);
    expect(one.kinds).toEqual(['alert']);
    expect(one.sent[0]?.email).toContain('It holds of 300,');
    expect(counted.filter(({ dimensions }) => dimensions.Rule === 'orphan-grant')).toMatchObject([{ value: 300 }]);
  });

  it('keeps no other key’s waiting when its alert cannot be sent', async () => {
    const one = new Deployment(old);
    await one.live(
      at(0, createGrant('g')),
      at(0, createGrant('h', {}, { resources: [{ ARN: SECOND_KEY }], responseElements: { grantId: 'h', keyId: SECOND_KEY } })),
    );
    one.now = NOON + 30 * HOUR;
    const failing: Pipeline = {
      ...one.pipeline,
      alerts: {
        publish: async (message) => {
          if (message.attributes.keyArn === KEY) throw new Error('refused');
          one.sent.push(message);
        },
      },
    };
    await expect(judgeAges(failing)).rejects.toThrow('refused');
    expect(one.sent.map(({ attributes }) => attributes.keyArn)).toEqual([SECOND_KEY]);
  });

  it('is nothing where the policy sets no age, and under an exception', async () => {
    const lax = new Deployment();
    const excepted = new Deployment({
      ...old,
      exceptions: [{ rule: 'orphan-grant', match: { grantId: 'g' }, reason: 'a long task', expires: '2027-01-01T00:00:00Z' }],
    });
    for (const one of [lax, excepted]) {
      await one.live(at(0, createGrant('g')));
      one.now += 1_000 * HOUR;
      expect(await judgeAges(one.pipeline)).toBe(0);
      expect(one.sent).toEqual([]);
    }
  });
});

/** What happens at the same time, after what happened before. */
interface Meeting {
  readonly title: string;
  readonly policy?: Partial<Policy>;
  readonly before?: readonly RawRecord[];
  readonly together: readonly (RawRecord | 'sweep')[];
  /** Whether the alert may stay away, since what it tells may be known to be wrong in time; or stands after all. */
  readonly alert: 'due' | 'maybe' | 'stands';
  /** Too many orders to try them all; so many are drawn. */
  readonly drawn?: number;
}

const context = ecsContext(PROD, 'vol-0000000000000000a');
const DRAWN = Number(process.env.KMS_AUDIT_RUNS ?? 10_000) / 10;
const MEETINGS: readonly Meeting[] = [
  { title: 'an unexpected grant and its retirement', together: [at(0, stranger('g')), at(60, retireGrant('g'))], alert: 'due' },
  {
    title: 'the retirements of two unexpected grants',
    before: [at(0, stranger('g')), at(1, stranger('h'))],
    together: [at(60, retireGrant('g')), at(61, retireGrant('h'))],
    alert: 'due',
  },
  {
    title: 'an unexpected grant again, and its retirement',
    before: [at(0, stranger('g'))],
    together: [at(0, stranger('g')), at(60, retireGrant('g'))],
    alert: 'due',
  },
  { title: 'a refusal and EnableKey', before: [at(0, disable)], together: [at(10, refused), at(60, enable)], alert: 'due', drawn: DRAWN },
  { title: 'DisableKey and EnableKey', together: [at(0, disable), at(60, enable)], alert: 'due', drawn: DRAWN },
  { title: 'EnableKey twice', before: [at(0, disable)], together: [at(60, enable), at(60, enable)], alert: 'due', drawn: DRAWN },
  { title: 'StopLogging and StartLogging', together: [at(0, trail('StopLogging')), at(60, trail('StartLogging'))], alert: 'due' },
  {
    title: 'a revocation and the retirement from before it',
    before: [at(0, createGrant('g'))],
    together: [at(60, revokeGrant('g', 'auditor')), at(30, retireGrant('g'))],
    alert: 'maybe',
  },
  {
    title: 'two revocations by one caller, one of them excused by a retirement from before it',
    before: [at(0, createGrant('g')), at(0, createGrant('h'))],
    together: [at(60, revokeGrant('g', 'auditor')), at(61, revokeGrant('h', 'auditor')), at(30, retireGrant('g'))],
    alert: 'stands',
    drawn: DRAWN,
  },
  {
    title: 'the sweep and a late grant that covers the Decrypt',
    before: [at(0, createGrant('g')), at(10, retireGrant('g')), at(60, decrypt(context))],
    together: ['sweep', at(20, createGrant('h'))],
    alert: 'maybe',
  },
  {
    title: 'the end of one unexpected grant, and another',
    before: [at(0, stranger('g'))],
    together: [at(60, retireGrant('g')), at(70, stranger('h'))],
    alert: 'stands',
  },
  {
    title: 'EnableKey, and DisableKey right after it',
    before: [at(0, disable)],
    together: [at(60, enable), at(70, disable)],
    alert: 'stands',
    drawn: DRAWN,
  },
  {
    title: 'the trail started, and stopped right after it',
    before: [at(0, trail('StopLogging'))],
    together: [at(60, trail('StartLogging')), at(70, trail('StopLogging'))],
    alert: 'stands',
  },
];

async function meet({ policy, before = [], together }: Meeting, gate: Gate): Promise<Deployment> {
  const one = new Deployment(policy);
  await one.live(...before);
  one.now = NOON + HOUR;
  const gated: Pipeline = {
    ...one.pipeline,
    ledger: gatedLedger(one.ledger, gate),
    alerts: { publish: (message) => gate('publish', async () => void one.sent.push(message)) },
  };
  const work = (what: RawRecord | 'sweep', pipeline: Pipeline): Promise<unknown> =>
    what === 'sweep' ? settleCandidates(pipeline).then(() => judgeAges(pipeline)) : auditEvent(what, pipeline);
  const outcomes = await Promise.allSettled(together.map((what) => work(what, gated)));
  for (const [index, outcome] of outcomes.entries()) {
    const what = together[index];
    if (outcome.status === 'fulfilled' || what === undefined) continue;
    if (!(outcome.reason instanceof AlertHeldError)) throw outcome.reason;
    one.now += MINUTE;
    await work(what, one.pipeline);
  }
  return one;
}

/** Nobody is left believing what is over: each group's last word is its end, said once, after one alert. */
function expectSettled(one: Deployment, { alert }: Meeting): void {
  const groups = new Map<unknown, Kind[]>();
  for (const message of one.sent) {
    const { threadId } = JSON.parse(message.chat).metadata;
    groups.set(threadId, [...(groups.get(threadId) ?? []), kindOf(message)]);
  }
  if (alert !== 'maybe') expect(groups.size).toBeGreaterThan(0);
  if (alert === 'stands') {
    for (const kinds of groups.values()) expect(kinds.at(-1)).toBe('alert');
    return;
  }
  for (const kinds of groups.values()) {
    expect(['over', 'withdrawn', 'alert of what is over']).toContain(kinds.at(-1));
    expect(kinds.filter((kind) => kind === 'over' || kind === 'withdrawn').length).toBeLessThanOrEqual(1);
    expect(kinds.filter((kind) => kind.startsWith('alert'))).toHaveLength(1);
  }
}

describe('an alert and its end at the same time', () => {
  it.each(MEETINGS.map((meeting) => [meeting.title, meeting] as const))('%s', async (title, meeting) => {
    const seen = new Set<string>();
    const check = async (gate: Gate): Promise<void> => {
      const one = await meet(meeting, gate);
      expectSettled(one, meeting);
      seen.add(one.told.join(', ') || 'nothing told');
    };
    let runs = 0;
    if (meeting.drawn === undefined) runs = await everyInterleaving(check);
    else {
      const drawn = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        runs += 1;
        await scheduler.waitFor(
          check(async (step, made) => {
            await scheduler.schedule(Promise.resolve(), step);
            await made();
          }),
        );
      });
      await fc.assert(drawn, { numRuns: meeting.drawn });
    }
    expect(runs).toBeGreaterThan(1);
    console.log(`${title}: ${runs} interleavings; ${[...seen].sort().join(' | ')}`);
  });
});
