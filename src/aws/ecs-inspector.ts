import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListClustersCommand,
  ListTasksCommand,
  type ListTasksCommandInput,
  type ListTasksCommandOutput,
} from '@aws-sdk/client-ecs';
import { readTimestamp } from '../core/timestamp.ts';
import type { ClusterSeen, TaskSeen } from '../core/verify-clusters.ts';
import type { ClusterInspector } from '../ports.ts';
import { isNamed } from './deployment-parts.ts';
import type { Turn } from './paced-calls.ts';

/** Asks ECS, a call at its turn. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html */
export class EcsInspector implements ClusterInspector {
  readonly #client: ECSClient;
  readonly #turn: Turn;

  constructor(client: ECSClient, turn: Turn) {
    this.#client = client;
    this.#turn = turn;
  }

  async *clusters(): AsyncGenerator<ClusterSeen> {
    let nextToken: string | undefined;
    do {
      await this.#turn();
      const page = await this.#client.send(new ListClustersCommand(nextToken === undefined ? {} : { nextToken }));
      yield* await this.#described(page.clusterArns ?? []);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }

  /** None of a cluster that was deleted since it was listed. */
  async *tasks({ clusterArn }: ClusterSeen): AsyncGenerator<TaskSeen> {
    let nextToken: string | undefined;
    do {
      await this.#turn();
      const page = await this.#listed({ cluster: clusterArn, launchType: 'FARGATE', ...(nextToken && { nextToken }) });
      if (page.taskArns !== undefined && page.taskArns.length > 0) {
        await this.#turn();
        const { tasks = [] } = await this.#client.send(new DescribeTasksCommand({ cluster: clusterArn, tasks: page.taskArns }));
        for (const { taskArn, createdAt, fargateEphemeralStorage } of tasks) {
          const created = readTimestamp(createdAt?.toISOString());
          const storage = fargateEphemeralStorage && { key: fargateEphemeralStorage.kmsKeyId || undefined };
          if (taskArn !== undefined) yield { taskArn, ...(created && { createdAt: created }), ...(storage && { storage }) };
        }
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }

  async #listed(input: ListTasksCommandInput): Promise<Partial<ListTasksCommandOutput>> {
    return this.#client.send(new ListTasksCommand(input)).catch((error: unknown) => {
      if (isNamed(error, 'ClusterNotFoundException')) return {};
      throw error;
    });
  }

  /** Clusters that are deleted stay described for a while. */
  async #described(clusterArns: readonly string[]): Promise<ClusterSeen[]> {
    if (clusterArns.length === 0) return [];
    await this.#turn();
    const { clusters = [] } = await this.#client.send(
      new DescribeClustersCommand({ clusters: [...clusterArns], include: ['CONFIGURATIONS'] }),
    );
    return clusters.flatMap(({ clusterArn, status, configuration }) => {
      if (clusterArn === undefined || status === 'INACTIVE') return [];
      const { fargateEphemeralStorageKmsKeyId: fargate, kmsKeyId: volumes } = configuration?.managedStorageConfiguration ?? {};
      return { clusterArn, ...(fargate ? { fargate } : {}), ...(volumes ? { volumes } : {}) };
    });
  }
}
