import type { Task } from './fargate.ts';
import type { Random } from './random.ts';
import { ACCOUNT, type Draft, envelope, instant, type RawRecord, REGION } from './records.ts';

/** How and why a task ended, in the words of ECS. */
export interface Stop {
  readonly second: number;
  readonly code: 'ServiceSchedulerInitiated' | 'EssentialContainerExited' | 'SpotInterruption' | 'TaskFailedToStart' | 'UserInitiated';
  readonly reason: string;
}

const LAST = { PROVISIONING: 'RUNNING', PENDING: 'RUNNING', RUNNING: 'RUNNING', STOPPED: 'STOPPED' } as const;

/**
 * The event by which ECS tells of a task's state; no trail carries it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export function taskState(random: Random, second: number, task: Task, taskId: string, lastStatus: keyof typeof LAST): Draft {
  const { cluster, family, spot, start, stop } = task;
  const taskArn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/${cluster.name}/${taskId}`;
  const ended = lastStatus === 'STOPPED' && stop !== undefined ? endFields(stop) : {};
  const detail: RawRecord = {
    attachments: [{ id: random.uuid(), type: 'eni', status: lastStatus === 'STOPPED' ? 'DELETED' : 'ATTACHED', details: [] }],
    availabilityZone: random.pick(['us-west-2a', 'us-west-2b', 'us-west-2c']),
    ...(spot ? { capacityProviderName: 'FARGATE_SPOT' } : { launchType: 'FARGATE' }),
    clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/${cluster.name}`,
    connectivity: 'CONNECTED',
    containers: [
      {
        containerArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:container/${cluster.name}/${taskId}/${random.uuid()}`,
        ...(stop?.code === 'EssentialContainerExited' && lastStatus === 'STOPPED' ? { exitCode: random.pick([0, 0, 0, 1, 137]) } : {}),
        lastStatus,
        name: family,
        image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${family}:release`,
        runtimeId: `${taskId}-${random.digits(10)}`,
        taskArn,
        networkInterfaces: [],
        cpu: '0',
      },
    ],
    cpu: '256',
    createdAt: instant(start),
    desiredStatus: LAST[lastStatus],
    enableExecuteCommand: false,
    ephemeralStorage: { sizeInGiB: 20 },
    fargateEphemeralStorage: { sizeInGiB: 20, kmsKeyId: cluster.key },
    group: `service:${family}`,
    lastStatus,
    memory: '512',
    overrides: { containerOverrides: [{ name: family }] },
    platformVersion: '1.4.0',
    taskArn,
    taskDefinitionArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:${random.int(1, 90)}`,
    updatedAt: instant(second),
    version: { PROVISIONING: 1, PENDING: 2, RUNNING: 3, STOPPED: 6 }[lastStatus],
    ...ended,
  };
  return envelope(random, second, 'aws.ecs', 'ECS Task State Change', detail, [taskArn]);
}

const endFields = ({ second, code, reason }: Stop): RawRecord => ({
  stopCode: code,
  stoppedReason: reason,
  stoppingAt: instant(second),
  executionStoppedAt: instant(second + 10),
  stoppedAt: instant(second + 13),
});
