import { describe, expect, it } from 'vitest';
import { deviationSentence } from '../../src/core/deviation-text.ts';
import type { Deviation } from '../../src/core/verify-clusters.ts';
import { KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const cluster = PROD;
const onOther = { kind: 'task-on-other-key', cluster, taskArn: 'task/1', clusterKeyArn: KEY } as const;

describe('the sentence of a deviation', () => {
  it.each<[Deviation, string]>([
    [
      { kind: 'cluster-without-customer-key', cluster, tasks: 1 },
      'cluster prod of 111122223333 has no customer key for its Fargate storage (1 task)',
    ],
    [
      { kind: 'cluster-without-customer-key', cluster, tasks: 0 },
      'cluster prod of 111122223333 has no customer key for its Fargate storage (0 tasks)',
    ],
    [
      { ...onOther, keyArn: SECOND_KEY },
      `cluster prod of 111122223333: task task/1 is on ${SECOND_KEY}, the cluster on ${KEY}; a new deployment moves it`,
    ],
    [onOther, `cluster prod of 111122223333: task task/1 is on no customer key, the cluster on ${KEY}; a new deployment moves it`],
    [
      { kind: 'tasks-without-grant', cluster, keyArn: KEY, tasks: 2, openGrants: 1 },
      `cluster prod of 111122223333: 2 tasks on ${KEY}, 1 open grant seen`,
    ],
  ])('%o', (deviation, sentence) => {
    expect(deviationSentence(deviation)).toBe(sentence);
  });

  it('shows no hostile name as it is', () => {
    const sentence = deviationSentence({
      kind: 'cluster-without-customer-key',
      cluster: { account: '\u202e1', name: '\u001bb' },
      tasks: 1,
    });

    expect(sentence).toMatch(/^cluster \\u\{1b\}b of \\u\{202e\}1 has/);
  });
});
