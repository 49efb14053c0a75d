import { clusterOf } from '../support/day/administration.ts';
import { CLUSTERS, ecsContext, openVolume, rehearsals, storageGrant } from '../support/day/fargate.ts';
import { Random } from '../support/day/random.ts';
import {
  ACCOUNT,
  call,
  createGrant,
  type Draft,
  keyArn,
  kms,
  MIDNIGHT,
  OTHER_ACCOUNT,
  retireGrant,
  revokeGrant,
  service,
  serviceEvent,
  user,
  volumeDataKey,
} from '../support/day/records.ts';
import type { Meaning } from './model.ts';

/** An event as EventBridge delivers it, and when (seconds since 1970); what it means is said with the first copy. */
export interface Delivery {
  readonly event: unknown;
  readonly arrivesAt: number;
  readonly meaning?: Meaning;
}

interface Happening extends Draft {
  readonly meaning?: Meaning;
}

interface Cluster {
  readonly name: string;
  key: string;
}

interface Task {
  readonly cluster: string;
  readonly key: string;
  readonly volumeId: string;
  readonly grantId: string;
}

interface Service {
  readonly cluster: Cluster;
  running: Task[];
  desired: number;
}

const MINUTE = 60;
/** A refusal, a stranger's grant, a revocation and a Decrypt after release come round this often, minutes. */
const EVERY = { disable: 90, disabledFor: 8, stranger: 11, revoke: 13, late: 7, changeKey: 31, rotate: 61 };
const EC2 = service('ec2-frontend-api.amazonaws.com');
const operator = user('operator');
const auditor = user('auditor');
const deployer = user('deployer');

/**
 * A fleet at work, minute by minute, for ever: services that are deployed, scaled and interrupted, tasks that do one piece
 * of work, clusters whose key changes, keys that are rotated, disabled and enabled again, strangers and mistakes. Delivered
 * as EventBridge promises: at least once, in no order.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
 */
export function* simulate(seed: number): Generator<Delivery> {
  const fleet = new Fleet(seed);
  const arrivals = new Random(seed + 1);
  const waiting = new Map<number, Delivery[]>();
  const arrive = (delivery: Delivery): void => {
    const minute = Math.floor(delivery.arrivesAt / MINUTE);
    waiting.set(minute, [...(waiting.get(minute) ?? []), delivery]);
  };
  for (let minute = 0; ; minute += 1) {
    for (const { second, event, meaning } of fleet.minute(minute)) {
      const dice = arrivals.next();
      // Mostly within seconds, some minutes late, a few most of an hour.
      const delay = dice < 0.95 ? arrivals.int(1, 4) : dice < 0.999 ? arrivals.int(20, 240) : arrivals.int(600, 3_000);
      const arrivesAt = MIDNIGHT + second + delay;
      arrive({ event, arrivesAt, ...(meaning && { meaning }) });
      if (arrivals.chance(0.01)) arrive({ event, arrivesAt: arrivesAt + arrivals.int(0, 300) });
    }
    const now = Math.floor(MIDNIGHT / MINUTE) + minute;
    const due = waiting.get(now) ?? [];
    waiting.delete(now);
    yield* due.sort((a, b) => a.arrivesAt - b.arrivesAt);
  }
}

class Fleet {
  readonly #random: Random;
  readonly #clusters: Cluster[] = CLUSTERS.map(({ name, key }) => ({ name, key }));
  readonly #services: Service[];
  readonly #ended: Task[] = [];
  /** What will happen, by its minute. */
  readonly #planned = new Map<number, Happening[]>();
  readonly #disabled = new Set<string>();
  #keys = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#services = this.#clusters.flatMap((cluster) => [0, 1].map(() => ({ cluster, running: [], desired: this.#random.int(3, 8) })));
  }

  /** What happens in this minute, in order. */
  minute(minute: number): Happening[] {
    const from = minute * MINUTE;
    for (const one of this.#services) this.#serve(one, from);
    for (let jobs = this.#random.int(4, 14); jobs > 0; jobs -= 1) this.#job(from + this.#random.int(0, 59));
    this.#keyCare(minute, from);
    this.#mischief(minute, from);
    const happening = this.#planned.get(minute) ?? [];
    this.#planned.delete(minute);
    return happening.sort((a, b) => a.second - b.second);
  }

  #plan(draft: Draft, meaning?: Meaning): void {
    const minute = Math.floor(draft.second / MINUTE);
    this.#planned.set(minute, [...(this.#planned.get(minute) ?? []), { ...draft, ...(meaning && { meaning }) }]);
  }

  /** Deployed, scaled, interrupted; and as many tasks started as it wants. */
  #serve(one: Service, from: number): void {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.012) for (const task of one.running.splice(0)) this.#end(task, from + random.int(5, 300));
    else if (dice < 0.03) one.desired = random.int(3, 8);
    else if (dice < 0.05) for (const task of one.running.splice(0, 1)) this.#end(task, from + random.int(2, 120));
    for (const task of one.running.splice(one.desired)) this.#end(task, from + random.int(0, 59));
    while (one.running.length < one.desired) {
      const task = this.#launch(one.cluster, from + random.int(0, 40));
      if (task === undefined) return;
      one.running.push(task);
    }
  }

  #job(second: number): void {
    const task = this.#launch(this.#random.pick([this.#clusters[0] as Cluster, ...this.#clusters]), second);
    if (task !== undefined) this.#end(task, second + this.#random.int(90, 2_000));
  }

  /** Two rehearsals, data key, grant, Decrypt; or two refusals while its key is disabled. */
  #launch(cluster: Cluster, second: number): Task | undefined {
    const random = this.#random;
    const { name, key } = cluster;
    if (this.#disabled.has(key)) {
      const answer = { errorCode: 'DisabledException', errorMessage: `${key} is disabled.` };
      const subject = { keyArn: key, clusterAccount: ACCOUNT, clusterName: name };
      for (const draft of rehearsals(random, second, cluster, answer))
        this.#plan(draft, { is: 'fires', rules: ['disabled-key-use', 'launch-blocked'], subject, second });
      return undefined;
    }
    const task = { cluster: name, key, volumeId: `vol-0${random.hex(16)}`, grantId: random.hex(64) };
    for (const draft of rehearsals(random, second, cluster)) this.#plan(draft);
    this.#plan(volumeDataKey(random, second + 2, EC2, key, ecsContext(name, task.volumeId)), { is: 'prepared', volume: task });
    this.#plan(storageGrant(random, second + 2, cluster, task.volumeId, task.grantId), {
      is: 'created',
      ...task,
      volume: task,
      second: second + 2,
    });
    const opened = second + random.int(3, 6);
    this.#plan(openVolume(random, opened, cluster, task.volumeId), { is: 'opened', volume: task, second: opened });
    return task;
  }

  #end(task: Task, second: number): void {
    const at = second + this.#random.int(60, 90);
    this.#plan(retireGrant(this.#random, at, task.key, task.grantId), { is: 'ended', ...task, how: 'retired', second: at });
    this.#ended.push(task);
    if (this.#ended.length > 50) this.#ended.shift();
  }

  #keyCare(minute: number, from: number): void {
    const random = this.#random;
    const cluster = random.pick([this.#clusters[0] as Cluster, ...this.#clusters]);
    const { name, key } = cluster;
    if (minute % EVERY.changeKey === 3) {
      this.#keys += 1;
      cluster.key = keyArn(`storage of ${name}, the ${this.#keys}th`);
      const configuration = { managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId: cluster.key } };
      const parameters = { cluster: name, configuration };
      this.#plan(
        call(random, from, 'ecs', 'UpdateCluster', deployer, {
          requestParameters: parameters,
          responseElements: { cluster: clusterOf(name, { configuration }) },
        }),
      );
    }
    if (minute % EVERY.rotate === 5)
      this.#plan(
        call(random, from, 'kms', 'RotateKey', serviceEvent, {
          resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: key }],
          eventType: 'AwsServiceEvent',
          serviceEventDetails: { rotationType: 'AUTOMATIC', keyOrigin: 'AWS_KMS', keyId: key },
        }),
      );
    if (minute % EVERY.disable === 6) {
      this.#disabled.add(key);
      const fields = { requestParameters: { keyId: key } };
      this.#plan(kms(random, from, 'DisableKey', operator, key, fields), {
        is: 'fires',
        rules: ['key-made-unusable'],
        subject: { keyArn: key },
        second: from,
      });
      this.#plan(kms(random, from + EVERY.disabledFor * MINUTE, 'EnableKey', operator, key, fields));
    }
    if (minute % EVERY.disable === 6 + EVERY.disabledFor) this.#disabled.clear();
  }

  /** A grant to another account, a grant revoked under a running task, a volume opened after its release. */
  #mischief(minute: number, from: number): void {
    const random = this.#random;
    if (minute % EVERY.stranger === 4) {
      const { key } = random.pick([this.#clusters[0] as Cluster, ...this.#clusters]);
      const grantId = random.hex(64);
      const parameters = {
        granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`,
        operations: ['Decrypt'],
        constraints: { encryptionContextEquals: { 'aws:ebs:id': `vol-0${random.hex(16)}` } },
      };
      this.#plan(createGrant(random, from, operator, key, grantId, parameters), {
        is: 'created',
        key,
        grantId,
        second: from,
        stranger: true,
      });
      const end = from + random.int(60, 4_000);
      if (random.chance(0.5))
        this.#plan(retireGrant(random, end, key, grantId), { is: 'ended', key, grantId, how: 'retired', second: end });
    }
    if (minute % EVERY.revoke === 9) {
      const task = random.pick([this.#services[0] as Service, ...this.#services]).running.shift();
      if (task !== undefined)
        this.#plan(revokeGrant(random, from + 50, auditor, task.key, task.grantId), {
          is: 'ended',
          ...task,
          how: 'revoked',
          second: from + 50,
        });
    }
    if (minute % EVERY.late === 6) {
      const task = this.#ended[0];
      const at = from + 900;
      if (task !== undefined)
        this.#plan(openVolume(random, at, { name: task.cluster, key: task.key }, task.volumeId), {
          is: 'opened',
          volume: task,
          second: at,
        });
    }
  }
}
