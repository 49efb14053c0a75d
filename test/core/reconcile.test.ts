import { describe, expect, it } from 'vitest';
import type { GrantHead } from '../../src/core/grant.ts';
import { type KeyState, keyState } from '../../src/core/key-state.ts';
import type { KeyChange } from '../../src/core/operations.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { type AbsentStep, type ListedStep, stepOfAbsent, stepOfListed } from '../../src/core/reconcile.ts';
import { grantCountKey, type TaskSeen, verifyCluster } from '../../src/core/verify-clusters.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const HOUR = 3_600;
const sweep = { started: instant(2 * HOUR), before: instant(HOUR) };
const head = (fields: Partial<GrantHead> = {}): GrantHead => ({ keyArn: KEY, grantId: 'g', created: `${instant(0)}#e`, ...fields });
const end = { order: `${instant(60)}#e`, how: 'retired', by: 'somebody' } as const;
const { created: _, ...ended } = head({ end });

describe('a grant that KMS lists', () => {
  it.each<[string, GrantHead | undefined, ListedStep]>([
    ['nobody knows', undefined, 'adopt'],
    ['is known by its end alone', ended, 'adopt'],
    ['is open', head(), 'known'],
    ['was missed once', head({ missing: instant(HOUR) }), 'known'],
    ['has ended', head({ end }), 'known'],
    ['was gone', head({ gone: instant(HOUR) }), 'reopen'],
    ['was gone and has ended', head({ gone: instant(HOUR), end }), 'known'],
    ['is gone since a later sweep', head({ gone: instant(3 * HOUR) }), 'known'],
    ['is gone since this sweep', head({ gone: sweep.started }), 'known'],
  ])('and that %s', (__, known, step) => {
    expect(stepOfListed(known, sweep)).toBe(step);
  });
});

describe('a grant that KMS does not list', () => {
  it.each<[string, GrantHead | undefined, AbsentStep]>([
    ['nobody knows', undefined, 'known'],
    ['is known by its end alone', ended, 'known'],
    ['was not missed before', head(), 'missing'],
    ['was missed by the sweep before', head({ missing: instant(HOUR) }), 'gone'],
    ['was missed by an earlier one', head({ missing: instant(HOUR - 1) }), 'missing'],
    ['has ended', head({ missing: instant(HOUR), end }), 'known'],
    ['is gone', head({ gone: instant(HOUR) }), 'known'],
    ['is 15 minutes old', head({ created: `${instant(2 * HOUR - 900)}#e`, missing: instant(HOUR) }), 'known'],
    ['is older by a second', head({ created: `${instant(2 * HOUR - 901)}#e` }), 'missing'],
  ])('and that %s', (__, known, step) => {
    expect(stepOfAbsent(known, sweep)).toBe(step);
  });

  it('is missed for the first time by the first sweep, and not counted where two follow too closely', () => {
    expect(stepOfAbsent(head(), { ...sweep, before: undefined })).toBe('missing');
    expect(stepOfAbsent(head({ missing: instant(HOUR) }), { ...sweep, before: undefined })).toBe('missing');
    expect(stepOfAbsent(head({ missing: instant(2 * HOUR - 900) }), { ...sweep, before: instant(2 * HOUR - 900) })).toBe('gone');
    expect(stepOfAbsent(head({ missing: instant(2 * HOUR - 899) }), { ...sweep, before: instant(2 * HOUR - 899) })).toBe('known');
  });
});

describe('the state of a key that the sweep has seen', () => {
  it.each<[string, readonly (readonly [number, KeyChange])[], KeyState, KeyState]>([
    ['stands where no change was seen', [], 'disabled', 'disabled'],
    ['stands against earlier changes', [[0, 'disabled']], 'enabled', 'enabled'],
    ['gives way to later ones', [[HOUR + 1, 'disabled']], 'enabled', 'disabled'],
    ['gives way to those just before it', [[HOUR - 900, 'disabled']], 'enabled', 'disabled'],
    ['stands against those longer ago', [[HOUR - 901, 'disabled']], 'enabled', 'enabled'],
    ['brings nothing back', [[0, 'deleted']], 'enabled', 'deleted'],
    ['is what later changes begin with', [[HOUR + 1, 'material-deleted']], 'pending-deletion', 'pending-deletion'],
  ])('%s', (__, changes, state, expected) => {
    const at = changes.map(([second, change]) => ({ change, time: instant(second) }));
    expect(keyState(at, { seen: instant(HOUR), state })).toBe(expected);
  });

  it('is that of its changes where KMS would not say', () => {
    expect(keyState([{ change: 'disabled', time: instant(0) }], { seen: instant(HOUR) })).toBe('disabled');
  });
});

describe('the verification of a cluster', () => {
  const started = instant(2 * HOUR);
  const clusterArn = 'arn:aws:ecs:us-east-1:111122223333:cluster/prod';
  const task = ({ key, ...fields }: { key?: string; createdAt?: string }) => ({
    taskArn: `${clusterArn}/t`,
    createdAt: instant(0),
    storage: { key },
    ...fields,
  });
  const kinds = (seen: object, ...tasks: TaskSeen[]): string[] =>
    verifyCluster({ clusterArn, ...seen }, tasks, new Map(), started, DEFAULT_POLICY)?.deviations.map(({ kind }) => kind) ?? [];

  it('takes a key’s id for its ARN', () => {
    expect(kinds({ fargate: KEY.split('/').at(-1) }, task({ key: KEY, createdAt: started }))).toEqual([]);
  });

  it('misses no grant of a task that is younger than 15 minutes, or without a customer key', () => {
    expect(kinds({ fargate: KEY }, task({ key: KEY, createdAt: instant(2 * HOUR - 900) }))).toEqual([]);
    expect(kinds({ fargate: KEY }, task({ key: KEY, createdAt: instant(2 * HOUR - 901) }))).toEqual(['tasks-without-grant']);
    expect(kinds({}, task({}))).toEqual(['cluster-without-customer-key']);
  });

  it('tells of its keys, its tasks and each difference', () => {
    const cluster = PROD;
    const tasks = [task({ key: KEY }), task({ key: KEY }), task({ key: SECOND_KEY, createdAt: started }), task({ createdAt: started })];
    const grants = new Map([
      [grantCountKey(cluster, KEY), 1],
      [grantCountKey(cluster, SECOND_KEY), 9],
      [grantCountKey({ ...cluster, name: 'web' }, KEY), 9],
    ]);
    const onOther = { kind: 'task-on-other-key', cluster, taskArn: `${clusterArn}/t`, clusterKeyArn: KEY };

    expect(verifyCluster({ clusterArn, fargate: KEY, volumes: SECOND_KEY }, tasks, grants, started, DEFAULT_POLICY)).toStrictEqual({
      verified: { cluster, fargateKeyArn: KEY, volumesKeyArn: SECOND_KEY, tasks: 4 },
      deviations: [
        { ...onOther, keyArn: SECOND_KEY },
        onOther,
        { kind: 'tasks-without-grant', cluster, keyArn: KEY, tasks: 2, openGrants: 1 },
      ],
    });
    expect(verifyCluster({ clusterArn }, [], grants, started, DEFAULT_POLICY)).toStrictEqual({
      verified: { cluster, tasks: 0 },
      deviations: [{ kind: 'cluster-without-customer-key', cluster, tasks: 0 }],
    });
  });

  it('misses no grant where each task has one, or where ECS does not say when a task was made', () => {
    const grants = new Map([[grantCountKey(PROD, KEY), 1]]);
    expect(verifyCluster({ clusterArn, fargate: KEY }, [task({ key: KEY })], grants, started, DEFAULT_POLICY)?.deviations).toEqual([]);
    expect(kinds({ fargate: KEY }, { taskArn: 'task', storage: { key: KEY } })).toEqual([]);
  });

  it('finds no task on another key in a cluster without one', () => {
    expect(kinds({}, task({ key: KEY, createdAt: started }))).toEqual(['cluster-without-customer-key']);
  });

  it.each(['prod', `x ${clusterArn}`, clusterArn.replace('us-east-1', ''), clusterArn.replace('111122223333', '')])(
    'is none of what is no cluster: %s',
    (arn) => {
      expect(verifyCluster({ clusterArn: arn }, [], new Map(), started, DEFAULT_POLICY)).toBeUndefined();
    },
  );

  it('finds a task on a key of its own', () => {
    expect(kinds({ fargate: KEY }, task({ key: SECOND_KEY, createdAt: started }))).toEqual(['task-on-other-key']);
    expect(kinds({ fargate: KEY }, task({ createdAt: started }))).toEqual(['task-on-other-key']);
  });

  it('says nothing of a task whose storage ECS does not tell', () => {
    expect(kinds({ fargate: KEY }, { taskArn: 'task' })).toEqual([]);
  });

  it('misses no grant on a key that the policy leaves out', () => {
    const policy = { ...DEFAULT_POLICY, keys: [SECOND_KEY] };
    const of = (key: string): unknown =>
      verifyCluster({ clusterArn, fargate: key }, [task({ key })], new Map(), started, policy)?.deviations;
    expect(of(KEY)).toEqual([]);
    expect(of(SECOND_KEY)).toMatchObject([{ kind: 'tasks-without-grant' }]);
  });

  it('bounds and escapes what it is told', () => {
    const hostile = verifyCluster(
      { clusterArn: `${clusterArn}\u202e${'x'.repeat(999)}`, fargate: '\u0000'.repeat(999) },
      [],
      new Map(),
      started,
      DEFAULT_POLICY,
    );
    expect(hostile?.verified.cluster.name.length).toBeLessThanOrEqual(255);
    expect(JSON.stringify(hostile)).toContain('u{202e}');
    expect(hostile?.verified.fargateKeyArn?.length).toBeLessThanOrEqual(255);
  });
});
