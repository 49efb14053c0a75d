import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWhole, stateOf } from '../../src/core/ending.ts';
import type { StandingFact } from '../../src/core/fact.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import { decrypt, eventId, instant, KEY, type RawRecord, record, SECOND_KEY, user } from '../support/fleet.ts';

/** A record of `operation` so many seconds after the first; its id follows `tie` where two share a second. */
function fact(operation: string, second: number, { source = 'kms', tie = operation, ...overrides }: RawRecord = {}): StandingFact {
  const reading = readRecord(
    record(operation, {
      eventSource: `${source}.amazonaws.com`,
      userIdentity: user('operator'),
      eventTime: instant(second),
      eventID: `${tie}`,
      ...overrides,
    }),
    sha256,
  );
  if (reading.kind !== 'fact' || reading.fact.kind === 'grant-created' || reading.fact.kind === 'grant-ended')
    throw new Error(JSON.stringify(reading));
  return reading.fact;
}

const DEPLOYMENT = { ...user('deployer'), invokedBy: 'cloudformation.amazonaws.com' };
const WITHOUT_KMS = [{ excludeManagementEventSources: ['kms.amazonaws.com'] }];

/** Each step is one record, a second after the one before. */
const STEPS: Readonly<Record<string, RawRecord & { readonly operation: string }>> = {
  start: { operation: 'StartLogging', source: 'cloudtrail', requestParameters: { name: 't' } },
  stop: { operation: 'StopLogging', source: 'cloudtrail', requestParameters: { name: 't' } },
  delete: { operation: 'DeleteTrail', source: 'cloudtrail', requestParameters: { name: 't' } },
  update: { operation: 'UpdateTrail', source: 'cloudtrail', requestParameters: { name: 't', s3KeyPrefix: 'p' } },
  narrow: { operation: 'UpdateTrail', source: 'cloudtrail', requestParameters: { name: 't', isMultiRegionTrail: false } },
  widen: { operation: 'UpdateTrail', source: 'cloudtrail', requestParameters: { name: 't', isMultiRegionTrail: true } },
  exclude: { operation: 'PutEventSelectors', source: 'cloudtrail', requestParameters: { trailName: 't', eventSelectors: WITHOUT_KMS } },
  restore: { operation: 'PutEventSelectors', source: 'cloudtrail', requestParameters: { trailName: 't', eventSelectors: [{}] } },
  enableRule: { operation: 'EnableRule', source: 'events', requestParameters: { name: 'r' } },
  disableRule: { operation: 'DisableRule', source: 'events', requestParameters: { name: 'r' } },
  deleteRule: { operation: 'DeleteRule', source: 'events', requestParameters: { name: 'r' } },
  putRule: { operation: 'PutRule', source: 'events', requestParameters: { name: 'r' } },
  putRuleOff: { operation: 'PutRule', source: 'events', requestParameters: { name: 'r', state: 'DISABLED' } },
  putTargets: { operation: 'PutTargets', source: 'events', requestParameters: { rule: 'r' } },
  removeTargets: { operation: 'RemoveTargets', source: 'events', requestParameters: { rule: 'r' } },
  deployRule: {
    operation: 'PutRule',
    source: 'events',
    requestParameters: { name: 'r', state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' },
    userIdentity: DEPLOYMENT,
  },
  deployTargets: { operation: 'PutTargets', source: 'events', requestParameters: { rule: 'r' }, userIdentity: DEPLOYMENT },
  undeployTargets: { operation: 'RemoveTargets', source: 'events', requestParameters: { rule: 'r' }, userIdentity: DEPLOYMENT },
  enableKey: { operation: 'EnableKey' },
  disableKey: { operation: 'DisableKey' },
  importMaterial: { operation: 'ImportKeyMaterial' },
  scheduleDeletion: { operation: 'ScheduleKeyDeletion' },
  cancelDeletion: { operation: 'CancelKeyDeletion' },
};

function history(steps: string): StandingFact[] {
  return steps.split(' ').flatMap((step, second) => {
    const { operation, ...fields } = STEPS[step] ?? { operation: step };
    return step === '' ? [] : fact(operation, second, { tie: eventId(`${step}/${second}`), ...fields });
  });
}

const table: readonly [string, boolean][] = [
  ['', false],
  // A key: by its state.
  ['enableKey', true],
  ['importMaterial', true],
  ['disableKey', false],
  ['disableKey enableKey', true],
  ['enableKey disableKey', false],
  ['disableKey enableKey scheduleDeletion', false],
  ['scheduleDeletion cancelDeletion', false],
  ['scheduleDeletion cancelDeletion enableKey', true],
  // A trail: logging, selectors and Regions, each by its last change.
  ['start', true],
  ['restore', true],
  ['update', true],
  ['widen', true],
  ['stop', false],
  ['delete', false],
  ['exclude', false],
  ['narrow', false],
  ['stop start', true],
  ['start stop', false],
  ['delete start', true],
  ['start delete', false],
  ['exclude restore', true],
  ['restore exclude', false],
  ['narrow widen', true],
  ['widen narrow', false],
  ['exclude start', false],
  ['stop restore', false],
  ['narrow start', false],
  ['narrow restore', false],
  ['exclude widen', false],
  ['stop widen', false],
  // An update of where the files go says nothing of what is recorded.
  ['exclude update start', false],
  ['narrow update start', false],
  ['stop update', false],
  ['stop exclude narrow start', false],
  ['stop exclude narrow start restore', false],
  ['stop exclude narrow start restore widen', true],
  // A rule: on, with its pattern and its targets as deployed.
  ['enableRule', true],
  ['disableRule enableRule', true],
  ['enableRule disableRule', false],
  ['disableRule', false],
  ['deleteRule', false],
  ['deleteRule enableRule', true],
  ['enableRule deleteRule', false],
  ['putRuleOff enableRule', true],
  ['enableRule putRuleOff', false],
  ['putRule', false],
  ['putRule enableRule', false],
  ['enableRule putRule', false],
  ['removeTargets enableRule', false],
  ['removeTargets putTargets enableRule', false],
  ['putTargets enableRule', false],
  ['disableRule removeTargets enableRule', false],
  ['disableRule removeTargets deployTargets enableRule', true],
  ['disableRule removeTargets deployRule enableRule', false],
  ['putRule deployRule enableRule', true],
  ['deployRule putRule enableRule', false],
  ['deployTargets removeTargets enableRule', false],
  ['putRule deployTargets enableRule', false],
  ['undeployTargets deployTargets deployRule enableRule', true],
  // Without an enabling nothing says that the rule is on.
  ['deployRule', true],
  ['deployTargets', false],
];

describe('isWhole', () => {
  it.each(table)('of "%s" is %s', (steps, whole) => {
    expect(isWhole(history(steps))).toBe(whole);
  });

  it('is the same for any order in which the records came', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...table).chain(([steps, whole]) => {
          const facts = history(steps);
          return fc.record({
            facts: fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2, maxLength: facts.length * 2 }),
            whole: fc.constant(whole),
          });
        }),
        ({ facts, whole }) => {
          expect(isWhole(facts)).toBe(whole);
        },
      ),
    );
  });

  it('lets the event id decide within a second', () => {
    const stop = { source: 'cloudtrail', requestParameters: { name: 't' } };
    const both = (first: string, second: string): StandingFact[] => [
      fact('StopLogging', 0, { ...stop, tie: first }),
      fact('StartLogging', 0, { ...stop, tie: second }),
    ];

    expect(isWhole(both('a', 'b'))).toBe(true);
    expect(isWhole(both('b', 'a'))).toBe(false);
  });

  it('judges a key by its changes alone, whatever stands beside', () => {
    expect(isWhole([...history('disableKey'), ...history('start enableRule')])).toBe(false);
    expect(isWhole([...history('enableKey'), ...history('stop disableRule')])).toBe(true);
  });

  it('judges a trail before a rule', () => {
    expect(isWhole([...history('stop'), ...history('enableRule')])).toBe(false);
    expect(isWhole([...history('start'), ...history('disableRule')])).toBe(true);
  });

  it('knows nothing of what is neither key, trail nor rule', () => {
    const reading = readRecord(decrypt({}), sha256);

    expect(isWhole(reading.kind === 'fact' && reading.fact.kind === 'key-used' ? [reading.fact] : [])).toBe(false);
  });
});

describe('stateOf', () => {
  const trailOf = (name: string): StandingFact[] => [
    fact('StopLogging', 0, { source: 'cloudtrail', requestParameters: { name } }),
    fact('PutEventSelectors', 1, { source: 'cloudtrail', requestParameters: { trailName: name, eventSelectors: [{}] } }),
  ];
  const ruleOf = (name: string): StandingFact[] => [
    fact('DisableRule', 0, { source: 'events', requestParameters: { name } }),
    fact('RemoveTargets', 1, { source: 'events', requestParameters: { rule: name } }),
  ];
  const keyOf = (ARN: string): StandingFact[] =>
    ['DisableKey', 'ScheduleKeyDeletion'].map((operation) => fact(operation, 0, { resources: [{ type: 'AWS::KMS::Key', ARN }] }));
  const storeOf = (customKeyStoreId: string): StandingFact[] =>
    ['DisconnectCustomKeyStore', 'ConnectCustomKeyStore'].map((operation) =>
      fact(operation, 0, { requestParameters: { customKeyStoreId }, resources: undefined }),
    );

  it('is the same for changes of one key, store, trail or rule, and for no other', () => {
    const each = [keyOf(KEY), keyOf(SECOND_KEY), storeOf('cks-1'), storeOf('cks-2'), trailOf('a'), trailOf('b'), ruleOf('a'), ruleOf('b')];

    const states = each.map((changes) => [...new Set(changes.map(stateOf))]);

    expect(states.map((all) => all.length)).toEqual(each.map(() => 1));
    expect(new Set(states.flat()).size).toBe(each.length);
    expect(states.flat()).not.toContain(undefined);
  });

  it('is nothing for what is no change of state', () => {
    expect(stateOf(fact('PutKeyPolicy', 0))).toBeUndefined();
  });
});
