import type { Detail } from '../dependents.ts';
import { dependentsOfCluster, dependentsOfKey, EVERYTHING } from '../dependents.ts';
import type { LedgerReader } from '../ports.ts';
import { clock } from '../system.ts';
import { InputError } from './input.ts';
import { askLedger, type LedgerSource } from './ledger-source.ts';
import { clusterNamed, keyNamed, requireKnown, unknownCluster } from './named.ts';
import { policyIn } from './policy.ts';
import { renderClusterDependents, renderKeyDependents, SHOWN } from './render-dependents.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** Of what the dependents are asked, and how they are printed. */
export interface DependentsOptions extends LedgerSource {
  readonly policy?: string;
  /** A cluster instead of a key. */
  readonly cluster?: string;
  readonly json?: true;
}

/** `kms-audit dependents`: what depends on a key, or which keys the volumes of a cluster sit on. */
export async function dependents(key: string | undefined, options: DependentsOptions, terminal: Terminal): Promise<void> {
  const { cluster, json } = options;
  // Before an archive is read, which may take minutes.
  if (key !== undefined && cluster !== undefined) throw new InputError('a key and --cluster ask two questions; ask one of them');
  if ((key ?? cluster) === undefined) throw missingKey();
  const policy = options.policy === undefined ? undefined : await policyIn(options.policy);
  const detail = json ? EVERYTHING : SHOWN;
  await askLedger(options, policy, terminal, async ({ reader }) => {
    const told = await tell(reader, { key, cluster, detail });
    if (json) terminal.out.write(`${replayJson(told.dependents)}\n`);
    else terminal.out.write(`${told.render(terminal)}\n`);
  });
}

const missingKey = (): InputError => new InputError('no key: say its ARN, its id or a part of it, or --cluster with a cluster’s name');

interface Asked {
  readonly key: string | undefined;
  readonly cluster: string | undefined;
  readonly detail: Detail;
}

interface Told {
  readonly dependents: object;
  readonly render: (terminal: Terminal) => string;
}

async function tell(reader: LedgerReader, { key, cluster, detail }: Asked): Promise<Told> {
  if (cluster !== undefined) {
    const keys = await reader.keys();
    const named = await clusterNamed(reader, keys, cluster);
    const of = await dependentsOfCluster(reader, named, keys, detail);
    if (of.launch === undefined && of.keys.length + of.ungrantedKeys.length === 0) throw await unknownCluster(reader, keys, named);
    return { dependents: of, render: ({ colour, width }) => renderClusterDependents(of, clock(), styleOf(colour), width) };
  }
  if (key === undefined) throw missingKey();
  const keyArn = await keyNamed(reader, key);
  const of = await dependentsOfKey(reader, keyArn, detail);
  if (of.openGrants + of.launches.length + of.resources.length + of.lastRefusals.length === 0) await requireKnown(reader, keyArn);
  return { dependents: of, render: ({ colour, width }) => renderKeyDependents(of, clock(), styleOf(colour), width) };
}
