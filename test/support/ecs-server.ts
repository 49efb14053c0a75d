import { field, items } from '../../src/core/json.ts';
import { startLoopbackServer } from '../../src/local/loopback-server.ts';
import { isRefusal, type Refusal, refused } from '../../src/local/refusal.ts';

/** A cluster with its Fargate tasks. */
export interface ClusterEntry {
  status?: string;
  fargate?: string;
  volumes?: string;
  /** By ARN: the key, seconds since 1970, and whether ECS keeps silent about the storage. */
  readonly tasks: Record<string, { readonly key?: string; readonly createdAt: number; readonly untold?: true }>;
}

/** ECS on loopback, as far as the verification asks it. */
export interface EcsServer {
  readonly endpoint: string;
  /** By ARN. */
  readonly clusters: Map<string, ClusterEntry>;
  readonly calls: string[];
  pageSize: number;
  fault: (operation: string, cluster: string) => Refusal | undefined;
  stop(): Promise<void>;
}

/** What one call of DescribeClusters or DescribeTasks takes. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html */
const MOST_DESCRIBED = 100;

/** Starts an ECS without clusters. */
export async function startEcs(): Promise<EcsServer> {
  const clusters = new Map<string, ClusterEntry>();
  const calls: string[] = [];
  const text = (input: unknown, name: string): string => String(field(input, name) ?? '');
  const paged = (all: readonly string[], input: unknown, name: string): object => {
    const from = Number(text(input, 'nextToken') || 0);
    const page = all.slice(from, from + server.pageSize);
    const next = from + page.length;
    return { [name]: page, ...(next < all.length ? { nextToken: String(next) } : {}) };
  };
  const answer = (operation: string, input: unknown): object => {
    const cluster = clusters.get(text(input, 'cluster'));
    if (operation.endsWith('Tasks') && cluster === undefined) return refused('ClusterNotFoundException', 'Cluster not found.');
    const named = [...items(field(input, 'clusters')), ...items(field(input, 'tasks'))];
    if (named.length > MOST_DESCRIBED) return refused('InvalidParameterException', 'at most 100');
    switch (operation) {
      case 'ListClusters':
        return paged([...clusters.keys()], input, 'clusterArns');
      case 'DescribeClusters': {
        const configured = items(field(input, 'include')).includes('CONFIGURATIONS');
        const described = items(field(input, 'clusters')).flatMap((arn) => {
          const entry = clusters.get(String(arn));
          const storage = { fargateEphemeralStorageKmsKeyId: entry?.fargate, kmsKeyId: entry?.volumes };
          const configuration = configured ? { configuration: { managedStorageConfiguration: storage } } : {};
          return entry === undefined ? [] : { clusterArn: arn, status: entry.status ?? 'ACTIVE', ...configuration };
        });
        return { clusters: described, failures: [] };
      }
      case 'ListTasks':
        return paged(Object.keys(cluster?.tasks ?? {}), input, 'taskArns');
      case 'DescribeTasks': {
        const tasks = items(field(input, 'tasks')).flatMap((arn) => {
          const task = cluster?.tasks[String(arn)];
          return task === undefined
            ? []
            : {
                taskArn: arn,
                createdAt: task.createdAt,
                ...(!task.untold && { fargateEphemeralStorage: { sizeInGiB: 20, kmsKeyId: task.key } }),
              };
        });
        return { tasks, failures: [] };
      }
      default:
        return refused('UnknownOperationException', operation);
    }
  };
  const { endpoint, stop } = await startLoopbackServer((request, body, response) => {
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return void response.writeHead(403).end();
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const input: unknown = JSON.parse(body.toString('utf8'));
    calls.push(operation);
    const answered = server.fault(operation, text(input, 'cluster')) ?? answer(operation, input);
    const [status, reply] = isRefusal(answered) ? [answered.status, { __type: answered.code, message: answered.message }] : [200, answered];
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(reply));
  });
  const server: EcsServer = { endpoint, clusters, calls, pageSize: 100, fault: () => undefined, stop };
  return server;
}
