import { CLUSTERS, type Cluster, type Task } from './fargate.ts';
import type { Random } from './random.ts';
import { ACCOUNT, DAY_SECONDS, REGION } from './records.ts';
import type { Stop } from './task-state.ts';

/** A task that has not ended yet. */
interface Running {
  readonly cluster: Cluster;
  readonly family: string;
  readonly spot: boolean;
  readonly start: number;
}

type Change = 'deploy' | 'restart' | 'scale-out' | 'scale-in' | 'interruption' | 'crash';

const scaled = (random: Random, second: number): Stop => ({
  second,
  code: 'ServiceSchedulerInitiated',
  reason: `Scaling activity initiated by (deployment ecs-svc/${random.digits(19)})`,
});

/** What happens to a service in a day, each in an hour of its own: out in the morning, in at night, releases in between. */
function changesOf(random: Random, spot: boolean): { readonly second: number; readonly change: Change }[] {
  const hours = random.shuffled([0, 1, 2, 3, 4, 5, 6, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  const kinds: Change[] = ['deploy', 'deploy', 'deploy', 'restart', 'crash'];
  if (spot) kinds.push('interruption', 'interruption', 'interruption', 'interruption');
  const drawn = kinds.map((change, index) => ({ change, hour: hours[index] ?? 0 }));
  const daily = [
    { change: 'scale-out' as const, hour: 7 },
    { change: 'scale-out' as const, hour: 8 },
    { change: 'scale-in' as const, hour: 20 },
    { change: 'scale-in' as const, hour: 22 },
  ];
  return [...drawn, ...daily]
    .map(({ change, hour }) => ({ change, second: hour * 3_600 + random.int(0, 1_800) }))
    .sort((a, b) => a.second - b.second);
}

/** The tasks of one service, yesterday's included. */
function serviceTasks(random: Random, cluster: Cluster, family: string, spot: boolean): Task[] {
  const ended: Task[] = [];
  const begin = (start: number): Running => ({ cluster, family, spot, start });
  let running = Array.from({ length: random.int(4, 9) }, () => begin(-random.int(600, 40_000)));
  const end = (task: Running, stop: Stop): void => void ended.push({ ...task, stop });
  for (const { second, change } of changesOf(random, spot)) {
    switch (change) {
      case 'deploy':
      case 'restart':
        // All at once when a release is rolled out, one after the other when a service is restarted.
        for (const [index, task] of running.entries())
          end(task, scaled(random, second + 180 + (change === 'deploy' ? random.int(0, 240) : index * 60)));
        running = running.map((_, index) => begin(second + (change === 'deploy' ? random.int(0, 12) : index * 60)));
        break;
      case 'scale-out':
        running = [...running, ...Array.from({ length: random.int(2, 4) }, () => begin(second + random.int(0, 3)))];
        break;
      case 'scale-in':
        for (const task of running.slice(0, 3)) end(task, scaled(random, second + random.int(0, 2)));
        running = running.slice(3);
        break;
      case 'interruption':
      case 'crash': {
        const [lost, ...rest] = running;
        if (lost === undefined) break;
        end(lost, interrupted(second, change));
        running = [...rest, begin(second + random.int(5, 60))];
        break;
      }
      default:
        change satisfies never;
    }
  }
  return [...ended, ...running];
}

const interrupted = (second: number, change: 'interruption' | 'crash'): Stop =>
  change === 'interruption'
    ? { second, code: 'SpotInterruption', reason: 'Your Spot Task was interrupted.' }
    : { second, code: 'EssentialContainerExited', reason: 'Essential container in task exited' };

/** Ways in which a task fails to start that are nobody's key. */
const FAILURES = [
  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/reports:release: ${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/reports:release: not found`,
  'ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration.',
  `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException: User: arn:aws:sts::${ACCOUNT}:assumed-role/ecs-task-execution/session is not authorized to perform: secretsmanager:GetSecretValue because no identity-based policy allows the secretsmanager:GetSecretValue action`,
  'Timeout waiting for network interface provisioning to complete.',
  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/kms-proxy:release: ${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/kms-proxy:release: not found`,
] as const;

/** Why people stop tasks: free text that they give with the call. */
const REASONS = ['Task stopped by operator', 'stuck', 'moving to the new KMS key'] as const;

/** A task that somebody runs for one piece of work. */
function jobTask(random: Random): Task {
  const cluster = random.pick(CLUSTERS);
  const start = Math.min(random.int(0, 95) * 900 + random.int(0, 40), DAY_SECONDS - 15);
  const common = { cluster, family: `${cluster.name.toLowerCase().replace('_', '-')}-job`, spot: random.chance(0.2), start };
  const dice = random.next();
  if (dice < 0.01)
    return { ...common, stop: { second: start + random.int(25, 90), code: 'TaskFailedToStart', reason: random.pick(FAILURES) } };
  if (dice < 0.03)
    return { ...common, stop: { second: start + random.int(60, 4_000), code: 'UserInitiated', reason: random.pick(REASONS) } };
  return {
    ...common,
    stop: { second: start + random.int(60, 3_000), code: 'EssentialContainerExited', reason: 'Essential container in task exited' },
  };
}

/** The tasks of a day: `count` that begin in it, and those of yesterday that end in it or run on. */
export function tasksOf(random: Random, count: number): { readonly today: Task[]; readonly yesterday: Task[] } {
  const ofServices = CLUSTERS.flatMap((cluster) => [
    ...serviceTasks(random, cluster, `${cluster.name.toLowerCase().replace('_', '-')}-web`, false),
    ...serviceTasks(random, cluster, `${cluster.name.toLowerCase().replace('_', '-')}-worker`, true),
  ]);
  const begun = ofServices.filter(({ start }) => start >= 0);
  const jobs = Array.from({ length: count - begun.length }, () => jobTask(random));
  return { today: [...begun, ...jobs], yesterday: ofServices.filter(({ start }) => start < 0) };
}
