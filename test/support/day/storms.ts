import { type Cluster, ecsContext, openVolume, rehearsals, storageGrant } from './fargate.ts';
import { Random } from './random.ts';
import { type Draft, decrypt, infrastructure, keyArn, kms, service } from './records.ts';
import { taskState } from './task-state.ts';

/** The key at the heart of a storm. */
export const STORM_KEY = keyArn('storm');

const EC2 = service('ec2-frontend-api.amazonaws.com');
const DISABLED = { errorCode: 'DisabledException', errorMessage: `${STORM_KEY} is disabled.` };

const clusters = (count: number): Cluster[] => Array.from({ length: count }, (_, index) => ({ name: `shop-${index + 1}`, key: STORM_KEY }));

/** One call refused because the key is disabled: a rehearsal, a data key, or a running task's Decrypt. */
function refusal(random: Random, second: number, cluster: Cluster): Draft {
  const context = ecsContext(cluster.name, `vol-0${random.hex(16)}`);
  const [dataKey, grant] = rehearsals(random, second, cluster, DISABLED);
  const real = kms(random, second, 'GenerateDataKeyWithoutPlaintext', EC2, cluster.key, {
    ...DISABLED,
    requestParameters: { keyId: cluster.key, numberOfBytes: 64, encryptionContext: context },
  });
  const opening = decrypt(random, second, infrastructure(`i-0${random.hex(16)}`), cluster.key, context, DISABLED);
  return random.pick([real, dataKey ?? real, grant ?? real, opening]);
}

/** Calls refused on one disabled key, evenly over so many seconds and clusters, first to last. */
export function refusalStorm(calls: number, ofClusters: number, seconds: number): Draft[] {
  const random = new Random(20_261_121);
  const all = clusters(ofClusters);
  return Array.from({ length: calls }, (_, index) => {
    const [cluster = { name: 'shop-1', key: STORM_KEY }] = all.slice(index % all.length);
    return refusal(random, Math.floor((index * seconds) / calls), cluster);
  });
}

/** A key disabled under many clusters with running tasks, each of which then tries to launch another task. */
export function disabledUnder(ofClusters: number): Draft[] {
  const random = new Random(20_261_122);
  const all = clusters(ofClusters);
  const running = all.flatMap((cluster, index) => {
    const volumeId = `vol-0${random.hex(16)}`;
    return [storageGrant(random, index, cluster, volumeId, random.hex(64)), openVolume(random, index + 3, cluster, volumeId)];
  });
  const disabling = kms(random, 600, 'DisableKey', service('cloudformation.amazonaws.com'), STORM_KEY, {
    requestParameters: { keyId: STORM_KEY },
  });
  return [...running, disabling, ...all.flatMap((cluster, index) => failedLaunch(random, 660 + index * 11, cluster))];
}

/** What a launch that its disabled key refuses leaves behind, in KMS's records and in ECS's own words. */
function failedLaunch(random: Random, start: number, cluster: Cluster): Draft[] {
  const reason = `ResourceInitializationError: unable to create the encrypted ephemeral storage: DisabledException: ${STORM_KEY} is disabled.`;
  const stop = { second: start + 12, code: 'TaskFailedToStart', reason } as const;
  const task = { cluster, family: 'shop-web', spot: false, start, stop };
  return [...rehearsals(random, start, cluster, DISABLED), taskState(random, start + 20, task, random.hex(32), 'STOPPED')];
}
