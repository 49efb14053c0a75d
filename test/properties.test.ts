import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertHeldError } from '../src/alerts.ts';
import { readEnvelope } from '../src/core/envelope.ts';
import type { AlertMessage } from '../src/core/message.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { type LedgerReport, reportOf } from '../src/core/report.ts';
import { judgeFact } from '../src/core/rules/registry.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';
import { anyCharacter } from './support/any-character.ts';
import {
  ACCOUNT,
  createGrant,
  type Delivery,
  decrypt,
  deliveriesOf,
  ecsContext,
  eventBridge,
  eventId,
  type FleetEvent,
  fleets,
  infrastructureSession,
  inOrder,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  revokeGrant,
  service,
  user,
} from './support/fleet.ts';
import { everyInterleaving, type Gate, gatedLedger } from './support/interleaving.ts';
import { expectedReport } from './support/model.ts';

const RUNS = Number(process.env.KMS_AUDIT_RUNS ?? 10_000);
const share = (part: number): number => Math.max(1, Math.ceil(RUNS * part));
const MINUTES = 60_000;

/** An alert as its group and its rule: what subscribers see of it. */
interface Told {
  readonly group: string;
  readonly rule: string;
  readonly message: AlertMessage;
}

interface Run {
  readonly report: LedgerReport;
  readonly told: readonly Told[];
  readonly metrics: readonly Metric[];
}

const textAt = (value: unknown, ...path: string[]): string => {
  let here: unknown = value;
  for (const step of path) here = typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined;
  return typeof here === 'string' ? here : '';
};

function toldBy(message: AlertMessage): Told {
  return { group: textAt(JSON.parse(message.chat), 'metadata', 'threadId'), rule: message.attributes.rule ?? '', message };
}

/** A deployment in memory: its ledger, what it told, and a clock that the test moves. */
class Deployment {
  readonly ledger = new MemoryLedger();
  readonly told: Told[] = [];
  readonly metrics: Metric[] = [];
  readonly logged: string[] = [];
  readonly pipeline: Pipeline;
  #now = 1_800_000_000;

  constructor(policy: Policy = DEFAULT_POLICY) {
    this.pipeline = {
      ledger: this.ledger,
      policy,
      digest: sha256,
      now: () => this.#now,
      log: (message, fields) => void this.logged.push(message, ...Object.values(fields).map(String)),
      alerts: { publish: async (message) => void this.told.push(toldBy(message)) },
      metrics: { put: async (counts) => void this.metrics.push(...counts) },
    };
  }

  /** The same deployment as a handler sees it whose every call to the outside passes `gate` first. */
  gated(gate: Gate): Pipeline {
    const publish = this.pipeline.alerts?.publish ?? (async () => {});
    return {
      ...this.pipeline,
      ledger: gatedLedger(this.ledger, gate),
      alerts: { publish: (message) => gate('publish', () => publish(message)) },
    };
  }

  wait(seconds: number): void {
    this.#now += seconds;
  }

  /** What failed comes back: after `seconds`, perhaps within the lease, and then after it. */
  async redeliver(event: unknown, pipeline: Pipeline = this.pipeline, seconds = 20): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      this.wait(attempt === 0 ? seconds : 20);
      try {
        return await auditEvent(event, pipeline);
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }

  /** An hour later the sweep comes by. */
  async finish(): Promise<Run> {
    this.wait(3600);
    await settleCandidates(this.pipeline);
    return { report: reportOf(await this.ledger.snapshot(), this.pipeline.policy, sha256), told: this.told, metrics: this.metrics };
  }
}

/** Audits the deliveries one after the other, then sweeps once everything has stood for an hour. */
async function run(deliveries: readonly Delivery[], policy: Policy = DEFAULT_POLICY): Promise<Run> {
  const deployment = new Deployment(policy);
  for (const delivery of deliveries) await auditEvent(delivery, deployment.pipeline);
  return deployment.finish();
}

const rulesByGroup = (told: readonly Told[]): Map<string, string> => new Map(told.map(({ group, rule }) => [group, rule]));
const rawOf = (events: readonly FleetEvent[]): unknown[] => events.map((event) => event.record);

const policies: fc.Arbitrary<Policy> = fc.constantFrom<Policy>(
  DEFAULT_POLICY,
  { ...DEFAULT_POLICY, accounts: [ACCOUNT, OTHER_ACCOUNT] },
  { ...DEFAULT_POLICY, clusters: ['prod'] },
  { ...DEFAULT_POLICY, accounts: [OTHER_ACCOUNT], clusters: ['staging'] },
);

describe('a set of records', () => {
  const histories = fleets().chain((events) =>
    fc.record({ events: fc.constant(events), deliveries: deliveriesOf(events), policy: policies }),
  );

  it(
    'ends in the same ledger and alerts the same groups, in any order, repetition and envelope',
    async () => {
      await fc.assert(
        fc.asyncProperty(histories, async ({ events, deliveries, policy }) => {
          const inTime = await run(rawOf(inOrder(events)), policy);
          const shuffled = await run(deliveries, policy);

          expect(shuffled.report).toEqual(inTime.report);
          const due = rulesByGroup(inTime.told);
          const told = rulesByGroup(shuffled.told);
          for (const group of due.keys()) expect(told.has(group)).toBe(true);
          // A revocation may be heard of before the retirement that came first: told, and withdrawn.
          for (const [group, rule] of told) if (!due.has(group)) expect(rule).toBe('grant-revoked-in-use');
        }),
        { numRuns: RUNS },
      );
    },
    10 * MINUTES,
  );

  it(
    'ends in what a plain model of the history expects',
    async () => {
      await fc.assert(
        fc.asyncProperty(fleets(3, 7), policies, async (events, policy) => {
          const { report } = await run(rawOf(inOrder(events)), policy);

          const expected = expectedReport(events, policy);
          const sorted = (all: readonly object[]): string[] => all.map((one) => JSON.stringify(Object.entries(one).sort())).sort();
          const found = report.findings.map(({ id: _id, title: _title, ...rest }) => rest);
          expect(sorted(found)).toEqual(sorted(expected.findings));
          expect(report.volumes).toEqual(expected.volumes);
          expect(report.keys).toEqual(expected.keys);
        }),
        { numRuns: share(0.2) },
      );
    },
    5 * MINUTES,
  );

  it(
    'alerts each group with a finding that holds, and no other when the records come in order',
    async () => {
      await fc.assert(
        fc.asyncProperty(fleets(3, 4), policies, async (events, policy) => {
          const { report, told } = await run(rawOf(inOrder(events)), policy);

          expect(rulesByGroup(told).size).toBe(expectedReport(events, policy).groups.size);
          const held = new Set(report.findings.map(({ id }) => id));
          for (const { message } of told) expect(held.has(message.attributes.findingId ?? '')).toBe(true);
        }),
        { numRuns: share(0.1) },
      );
    },
    5 * MINUTES,
  );
});

describe('a handler that dies', () => {
  it(
    'changes nothing once its event is delivered again, and no alert is lost',
    async () => {
      const cases = fleets(2, 4).chain((events) =>
        fc.record({
          events: fc.shuffledSubarray(events, { minLength: events.length }),
          seconds: fc.constantFrom(0, 1, 14, 15, 20),
          crashes: fc.array(fc.record({ call: fc.nat(60), afterwards: fc.boolean() }), { minLength: 1, maxLength: 4 }),
        }),
      );
      await fc.assert(
        fc.asyncProperty(cases, async ({ events, crashes, seconds }) => {
          const whole = await run(rawOf(events));
          const deployment = new Deployment();
          let calls = 0;
          const dying = deployment.gated(async (step, call) => {
            const crash = crashes.find((one) => one.call === calls);
            calls += 1;
            if (crash === undefined || crash.afterwards) await call();
            if (crash !== undefined) throw new Error(`died ${crash.afterwards ? 'after' : 'before'} ${step}`);
          });
          for (const raw of rawOf(events)) {
            try {
              await auditEvent(raw, dying);
            } catch {
              await deployment.redeliver(raw, dying, seconds);
            }
          }
          const healed = await deployment.finish();

          expect(healed.report).toEqual(whole.report);
          const told = rulesByGroup(healed.told);
          for (const group of rulesByGroup(whole.told).keys()) expect(told.has(group)).toBe(true);
        }),
        { numRuns: share(0.2) },
      );
    },
    5 * MINUTES,
  );
});

describe('an envelope', () => {
  const good = fleets(1, 3).map(rawOf);
  const bad = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, '', 'text', {}, { eventSource: 7 }, { eventSource: 'kms.amazonaws.com' }),
    fc.constantFrom<unknown>(record('Decrypt', { eventID: null }), record('Decrypt', { eventTime: 'x' }), { Records: null }),
  );

  it('gives one reading for each record put in, whatever its neighbours', () => {
    const neighbours = fc.record({ good, bad: fc.array(bad, { maxLength: 4 }), rotate: fc.nat(20) });
    fc.assert(
      fc.property(neighbours, ({ good: records, bad: others, rotate }) => {
        const mixed = [...records, ...others];
        const at = mixed.length === 0 ? 0 : rotate % mixed.length;
        const all = [...mixed.slice(at), ...mixed.slice(0, at)];
        const texts = all.map((one) => JSON.stringify(one));
        const envelopes: unknown[] = [
          all,
          [all],
          { Records: all },
          { Records: texts.map((body, index) => ({ messageId: `${index}`, eventSource: 'aws:sqs', body })) },
          { Records: texts.map((Message) => ({ EventSource: 'aws:sns', Sns: { Message } })) },
          { Events: texts.map((CloudTrailEvent) => ({ CloudTrailEvent })) },
          { messageType: 'DATA_MESSAGE', logEvents: texts.map((message) => ({ message })) },
          all.map((detail) => eventBridge(detail)),
          all.map((one) => ({ requestPayload: one, responsePayload: null })),
        ];
        for (const envelope of envelopes) expect(readEnvelope(envelope, sha256)).toHaveLength(all.length);
      }),
      { numRuns: share(0.1) },
    );
  });
});

const VALID: readonly RawRecord[] = [
  createGrant('grant-1'),
  createGrant('grant-2', {
    granteeServicePrincipal: 'mq.amazonaws.com',
    constraints: { sourceArn: 'arn:aws:mq:us-east-1:111122223333:b' },
  }),
  createGrant('grant-3', {}, { userIdentity: user('operator') }),
  retireGrant('grant-1'),
  revokeGrant('grant-1', 'auditor'),
  decrypt(ecsContext(PROD, 'vol-0000000000000000a')),
  decrypt(ecsContext(PROD, 'vol-0000000000000000a'), { userIdentity: infrastructureSession() }),
  decrypt(
    { SecretARN: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:x' },
    { userIdentity: user('operator', 'secretsmanager.amazonaws.com') },
  ),
  record('CreateGrant', { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.`, requestParameters: { dryRun: true } }),
  record('Decrypt', {
    errorCode: 'NotFoundException',
    errorMessage: `Key '${KEY}' does not exist`,
    resources: null,
    requestParameters: null,
  }),
  record('ReEncrypt', { requestParameters: { sourceEncryptionContext: ecsContext(PROD), destinationEncryptionContext: {} } }),
  record('DisableKey', { userIdentity: user('operator'), requestParameters: { keyId: KEY } }),
  record('DeleteKey', {
    userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
    requestParameters: null,
    serviceEventDetails: { keyId: KEY },
  }),
  record('DisconnectCustomKeyStore', { requestParameters: { customKeyStoreId: 'cks-1' }, resources: null }),
  eventBridge(createGrant('grant-4')),
  eventBridge({ 'key-id': KEY }, { 'detail-type': 'KMS CMK Deletion', resources: [KEY] }),
];

const REMOVED = Symbol('removed');
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    REMOVED,
    null,
    undefined,
    true,
    false,
    'true',
    0,
    -1,
    1e308,
    Number.NaN,
    '',
    ' ',
    '\u0000',
    '\ud800',
    '__proto__',
    KEY,
    '*',
  ),
  fc.constantFrom<unknown>([], {}, [null], [[]], { omitted: true }, 'HIDDEN_DUE_TO_SECURITY_REASONS', 'AWS Internal', 'x'.repeat(10_000)),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__":{"eventName":"x"}}'), { keyId: {} }, { toString: 1 }, 'constructor'),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Change {
  readonly path: readonly number[];
  readonly value: unknown;
}

/** The record with the fields at some paths removed or replaced; a path is choices among the fields met on the way. */
function mutated(whole: unknown, changes: readonly Change[]): unknown {
  return changes.reduce<unknown>((value, { path, value: odd }) => changed(value, path, odd), structuredClone(whole));
}

function changed(value: unknown, [choice, ...rest]: readonly number[], odd: unknown): unknown {
  if (choice === undefined || typeof value !== 'object' || value === null) return odd;
  const entries = Object.entries(value);
  const at = entries.length === 0 ? -1 : choice % entries.length;
  const replaced = entries.flatMap(([name, inner], index): [string, unknown][] => {
    if (index !== at) return [[name, inner]];
    const next = changed(inner, rest, odd);
    return next === REMOVED ? [] : [[name, next]];
  });
  return Array.isArray(value) ? replaced.map(([, inner]) => inner) : Object.fromEntries(replaced);
}

const mutant = fc
  .record({
    base: fc.constantFrom(...VALID),
    changes: fc.array(fc.record({ path: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }), value: oddValue }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ base, changes }) => mutated(base, changes));

describe('reading', () => {
  const check = (input: unknown): void => {
    for (const reading of readEnvelope(input, sha256)) {
      if (reading.kind === 'rejected') expect(reading.reason.length).toBeLessThan(500);
      else if (reading.kind === 'fact') expect(reading.fact.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
  };

  it('never throws on anything', () => {
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.jsonValue()), check), { numRuns: share(1) });
  });

  it('never throws on a record with odd fields', () => {
    fc.assert(fc.property(mutant, check), { numRuns: share(2) });
  });

  it('of odd records never stops the pipeline', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutant, { minLength: 1, maxLength: 4 }), async (records) => {
        await expect(run(records)).resolves.toBeDefined();
      }),
      { numRuns: share(0.2) },
    );
  });
});

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u0000',
        '\u001b[31m',
        '\u001b]8;;http://example.com\u0007',
        '\u202e',
        '\u2066',
        '\u200b',
        '\ufeff',
        '\u2028',
        '\u{e0041}',
      ),
      fc.constantFrom(
        '\r\nINJECTED',
        '\nINJECTED',
        '<script>',
        '<!channel>',
        '&lt;',
        '[x](http://example.com)',
        '`',
        '**',
        '=cmd()',
        '"',
        '\\',
      ),
      fc.constantFrom(
        '${Account}',
        '<key>',
        '$&',
        '%2f',
        '|',
        '/',
        '#',
        '~',
        ':',
        '*',
        '\ud800',
        '😀',
        'é',
        'e\u0301',
        '漢'.repeat(200),
        'n'.repeat(10_000),
      ),
      fc.string({ unit: anyCharacter, maxLength: 8 }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  // Never at the beginning: a line that begins with the mark was broken by it.
  .map((parts) => `x${parts.join('')}`);

interface Attack {
  readonly identity: RawRecord;
  readonly context: Record<string, string>;
  readonly raw: RawRecord;
}

/** Callers whose context proves nothing, with hostile text wherever a caller, or a service on its behalf, may write any. */
const untrusted: fc.Arbitrary<Attack> = fc
  .record({
    texts: fc.array(hostile, { minLength: 8, maxLength: 8 }),
    caller: fc.constantFrom('user' as const, 'role' as const, 'internal' as const, 'stranger' as const, 'foreign-key' as const),
    operation: fc.constantFrom('CreateGrant', 'Decrypt', 'GenerateDataKeyWithoutPlaintext', 'DisableKey', 'RevokeGrant'),
    failure: fc.constantFrom('none' as const, 'disabled' as const, 'denied' as const),
    claim: fc.constantFrom(PROD, { account: OTHER_ACCOUNT, name: 'prod' }),
    bare: fc.boolean(),
  })
  .map(({ texts, caller, operation, failure, claim, bare }) => {
    const [a = '', b = '', c = '', d = '', e = '', f = '', g = '', h = ''] = texts;
    const identity = {
      user: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/${a}`, userName: a, principalId: b },
      role: {
        type: 'AssumedRole',
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/${a}`,
        principalId: b,
        sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/${b}`, userName: `app${b}` } },
      },
      internal: { ...user('operator', 'AWS Internal'), userName: a },
      stranger: { type: 'AWSService', invokedBy: `${a}.amazonaws.com` },
      'foreign-key': service('ec2-frontend-api.amazonaws.com'),
    }[caller];
    const named = bare
      ? ecsContext(claim, 'vol-0000000000000000a')
      : { 'aws:ecs:clusterAccount': a, 'aws:ecs:clusterName': c, 'aws:ebs:id': d };
    const context = { ...named, [e]: f, ...(caller === 'foreign-key' ? { 'aws:s3:arn': `arn:aws:s3:::${g}` } : {}) };
    const refusal = {
      none: {},
      disabled: { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.` },
      denied: { errorCode: 'AccessDenied', errorMessage: `${g} is not authorized on resource: ${KEY} because ${h}` },
    }[failure];
    const raw = record(operation, {
      userIdentity: identity,
      userAgent: h,
      requestParameters: {
        keyId: KEY,
        grantId: 'grant-1',
        encryptionContext: context,
        constraints: { encryptionContextSubset: context, sourceArn: g },
        granteePrincipal: e,
        retiringPrincipal: f,
        operations: ['Decrypt', g],
      },
      responseElements: operation === 'CreateGrant' ? { grantId: 'grant-1', keyId: KEY } : null,
      ...refusal,
    });
    return { identity, context, raw: { ...raw, eventID: eventId(JSON.stringify(raw)) } };
  });

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

const seen = (line: string): boolean => !UNSEEN.test(line);

function expectHarmless({ message }: Told): void {
  expect(message.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(message.email.split('\n').filter((line) => !seen(line) || line.startsWith('INJECTED'))).toEqual([]);
  const chat: unknown = JSON.parse(message.chat);
  const content = stringsIn(Reflect.get(Object(chat), 'content'));
  expect(stringsIn(chat).filter((one) => !one.split('\n').every((line) => seen(line) && !line.startsWith('INJECTED')))).toEqual([]);
  expect(content.filter((one) => /[<>`]|\]\(/.test(one))).toEqual([]);
  expect(Object.values(message.attributes).filter((value) => value === '' || !seen(value) || value.length > 500)).toEqual([]);
  expect(Buffer.byteLength(JSON.stringify({ default: message.chat, email: message.email }))).toBeLessThan(64 * 1024);
}

describe('untrusted text', () => {
  it(
    'is harmless in alerts, logs and sentences, and never attributes',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(untrusted, { minLength: 1, maxLength: 3 }), async (attacks) => {
          const deployment = new Deployment();
          for (const { raw } of attacks) await auditEvent(raw, deployment.pipeline);
          const { report, told, metrics } = await deployment.finish();

          for (const one of told) expectHarmless(one);
          for (const line of deployment.logged) expect(seen(line)).toBe(true);
          for (const { raw } of attacks) {
            for (const reading of readEnvelope(raw, sha256)) {
              if (reading.kind !== 'fact') continue;
              for (const { sentence } of judgeFact(reading.fact, DEFAULT_POLICY)) {
                expect(seen(sentence)).toBe(true);
                expect(sentence.length).toBeLessThan(3000);
              }
            }
          }
          expect(report.volumes).toEqual([]);
          expect(report.keys.flatMap(({ clusters }) => clusters)).toEqual([]);
          expect(report.findings.filter(({ clusterName, volumeId }) => clusterName !== undefined || volumeId !== undefined)).toEqual([]);
          expect(told.filter(({ message }) => 'clusterName' in message.attributes)).toEqual([]);
          expect(metrics.filter(({ dimensions }) => 'ClusterName' in dimensions)).toEqual([]);
        }),
        { numRuns: share(0.3) },
      );
    },
    5 * MINUTES,
  );

  it('of a trusted service is harmless too', async () => {
    await fc.assert(
      fc.asyncProperty(untrusted, async ({ context, raw }) => {
        const { 'aws:s3:arn': _foreign, ...own } = context;
        const { told } = await run([
          {
            ...raw,
            userIdentity: service('ec2-frontend-api.amazonaws.com'),
            requestParameters: {
              ...Object(raw.requestParameters),
              encryptionContext: own,
              constraints: { encryptionContextSubset: own },
            },
          },
        ]);

        for (const one of told) expectHarmless(one);
      }),
      { numRuns: share(0.1) },
    );
  });
});

interface Meeting {
  readonly title: string;
  /** What was audited before. */
  readonly before?: readonly RawRecord[];
  /** What arrives at the same time; `sweep` is the sweep. */
  readonly together: readonly (RawRecord | 'sweep')[];
  /** How often each group is told, when it is told at all; absent: as often as one after the other. */
  readonly alerts: number | 'at least once' | 'maybe';
}

const VOLUME = 'vol-0000000000000000a';
const at = (second: number, name: string, raw: RawRecord): RawRecord => ({
  ...raw,
  eventTime: `2026-11-02T10:00:${String(second).padStart(2, '0')}Z`,
  eventID: eventId(name),
});
const refused = (name: string, second = 1): RawRecord =>
  at(
    second,
    name,
    record('GenerateDataKeyWithoutPlaintext', {
      requestParameters: { encryptionContext: ecsContext(PROD, VOLUME) },
      errorCode: 'DisabledException',
      errorMessage: `${KEY} is disabled.`,
    }),
  );
const grantTo = (name: string, operations: readonly string[]): RawRecord =>
  at(
    1,
    name,
    createGrant(
      name,
      {
        granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`,
        operations,
        constraints: { encryptionContextEquals: { 'aws:ebs:id': VOLUME } },
      },
      { userIdentity: user('operator') },
    ),
  );
const lateDecrypt = (name: string, second: number): RawRecord => at(second, name, decrypt(ecsContext(PROD, VOLUME)));

const MEETINGS: readonly Meeting[] = [
  {
    title: 'creation and retirement of a volume decrypted since',
    before: [lateDecrypt('decrypt', 9)],
    together: [at(1, 'create', createGrant('grant-1')), at(5, 'retire', retireGrant('grant-1'))],
    alerts: 1,
  },
  {
    title: 'retirement and late Decrypt',
    before: [at(1, 'create', createGrant('grant-1'))],
    together: [at(5, 'retire', retireGrant('grant-1')), lateDecrypt('decrypt', 9)],
    alerts: 1,
  },
  {
    title: 'creation and late Decrypt after a retirement',
    before: [at(5, 'retire', retireGrant('grant-1'))],
    together: [at(1, 'create', createGrant('grant-1')), lateDecrypt('decrypt', 9)],
    alerts: 1,
  },
  {
    title: 'creation and revocation',
    together: [at(1, 'create', createGrant('grant-1')), at(5, 'revoke', revokeGrant('grant-1', 'auditor'))],
    alerts: 1,
  },
  {
    title: 'retirement, and a revocation that came after it',
    before: [at(1, 'create', createGrant('grant-1'))],
    together: [at(5, 'retire', retireGrant('grant-1')), at(6, 'revoke', revokeGrant('grant-1', 'auditor'))],
    alerts: 'maybe',
  },
  { title: 'one event delivered twice', together: [refused('refusal'), refused('refusal')], alerts: 1 },
  { title: 'two refusals of one group', together: [refused('refusal-1'), refused('refusal-2')], alerts: 1 },
  {
    title: 'two refusals of one group, the later covered by the earlier',
    together: [refused('refusal-1', 1), refused('refusal-2', 30)],
    alerts: 1,
  },
  {
    title: 'two grants that are worse than what was told before',
    before: [grantTo('grant-1', ['Decrypt'])],
    together: [grantTo('grant-2', ['CreateGrant']), grantTo('grant-3', ['CreateGrant'])],
    alerts: 2,
  },
  {
    title: 'the sweep and a new Decrypt, after an earlier one was explained by a second grant',
    before: [
      at(1, 'create', createGrant('grant-1')),
      at(2, 'retire', retireGrant('grant-1')),
      lateDecrypt('decrypt-1', 5),
      at(4, 'create-2', createGrant('grant-2')),
      at(10, 'retire-2', retireGrant('grant-2')),
    ],
    together: ['sweep', lateDecrypt('decrypt-2', 20)],
    alerts: 'at least once',
  },
];

/** Before, all at once behind the gate, what failed again after its lease, and the sweep. */
async function meet({ before = [], together }: Meeting, gate: Gate): Promise<Run> {
  const deployment = new Deployment();
  for (const raw of before) await auditEvent(raw, deployment.pipeline);
  if (together.includes('sweep')) deployment.wait(3600);
  const pipeline = deployment.gated(gate);
  const outcomes = await Promise.allSettled(
    together.map((one) => (one === 'sweep' ? settleCandidates(pipeline) : auditEvent(one, pipeline))),
  );
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue;
    if (!(outcome.reason instanceof AlertHeldError)) throw outcome.reason;
    await deployment.redeliver(together[index]);
  }
  return deployment.finish();
}

function expectSame({ report, told }: Run, inTurn: Run, alerts: Meeting['alerts']): void {
  expect(report).toEqual(inTurn.report);
  if (alerts === 'maybe') return;
  const groups = (run: Run): string[] => [...rulesByGroup(run.told).keys()].sort();
  expect(groups({ ...inTurn, told })).toEqual(groups(inTurn));
  if (alerts === 'at least once') return;
  const counts = groups(inTurn).map((group) => told.filter((one) => one.group === group).length);
  expect(counts).toEqual(counts.map(() => alerts));
}

const ungated: Gate = async (_step, call) => void (await call());

describe('handlers at the same time', () => {
  for (const meeting of MEETINGS) {
    it(
      `end as one after the other: ${meeting.title}`,
      async () => {
        const inTurn = await run([...(meeting.before ?? []), ...meeting.together.filter((one) => one !== 'sweep')]);
        expect(inTurn.told.length > 0 || meeting.alerts === 'maybe').toBe(true);

        const runs = await everyInterleaving(async (gate) => expectSame(await meet(meeting, gate), inTurn, meeting.alerts));

        expect(runs).toBeGreaterThan(1);
      },
      5 * MINUTES,
    );
  }

  const trios: readonly Meeting[] = [
    {
      title: 'creation, retirement and late Decrypt of one volume',
      together: [at(1, 'create', createGrant('grant-1')), at(5, 'retire', retireGrant('grant-1')), lateDecrypt('decrypt', 9)],
      alerts: 1,
    },
    {
      title: 'creation, revocation and the same creation again',
      together: [
        at(1, 'create', createGrant('grant-1')),
        at(5, 'revoke', revokeGrant('grant-1', 'auditor')),
        at(1, 'create', createGrant('grant-1')),
      ],
      alerts: 1,
    },
    { title: 'three refusals of one group', together: [refused('refusal-1'), refused('refusal-2', 2), refused('refusal-3')], alerts: 1 },
    {
      title: 'three grants worse than what was told',
      before: [grantTo('grant-1', ['Decrypt'])],
      together: [grantTo('grant-2', ['CreateGrant']), grantTo('grant-3', ['CreateGrant']), grantTo('grant-4', ['CreateGrant'])],
      alerts: 2,
    },
  ];

  for (const meeting of trios) {
    it(
      `end as one after the other in any schedule: ${meeting.title}`,
      async () => {
        const inTurn = await meet(
          { ...meeting, together: [], before: [...(meeting.before ?? []), ...meeting.together.filter((one) => one !== 'sweep')] },
          ungated,
        );
        await fc.assert(
          fc.asyncProperty(fc.scheduler(), async (scheduler) => {
            const gate: Gate = async (step, call) => {
              await scheduler.schedule(Promise.resolve(), step);
              await call();
            };
            expectSame(await scheduler.waitFor(meet(meeting, gate)), inTurn, meeting.alerts);
          }),
          { numRuns: share(0.1) },
        );
      },
      5 * MINUTES,
    );
  }
});
