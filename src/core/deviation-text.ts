import { printable } from './text.ts';
import type { Deviation } from './verify-clusters.ts';

/** How a cluster or a task differs from what is expected of it, in one line. */
export function deviationSentence(deviation: Deviation): string {
  const { account, name } = deviation.cluster;
  const whose = `cluster ${printable(name, 255)} of ${printable(account, 32)}`;
  switch (deviation.kind) {
    case 'cluster-without-customer-key':
      return `${whose} has no customer key for its Fargate storage (${counted(deviation.tasks, 'task')})`;
    case 'task-on-other-key':
      return `${whose}: task ${deviation.taskArn} is on ${deviation.keyArn ?? 'no customer key'}, the cluster on ${deviation.clusterKeyArn}; a new deployment moves it`;
    case 'tasks-without-grant':
      return `${whose}: ${counted(deviation.tasks, 'task')} on ${deviation.keyArn}, ${counted(deviation.openGrants, 'open grant')} seen`;
    // Stryker disable next-line ConditionalExpression: there is no other kind.
    default:
      return deviation satisfies never;
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
