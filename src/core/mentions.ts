import type { Cluster } from './encryption-context.ts';
import type { Fact } from './fact.ts';
import { readKeyArn } from './key-arn.ts';

/** The keys a fact tells something of: the one it names, and those a cluster is set to use. */
export function keysIn(fact: Fact): readonly string[] {
  // Stryker disable next-line ConditionalExpression,ArrayDeclaration: no other fact has storage, and what is no ARN is left out.
  const settings = fact.kind === 'cluster-configured' ? [fact.storage?.fargate, fact.storage?.volumes] : [];
  const named = [fact.keyArn, ...settings].flatMap((arn) => readKeyArn(arn)?.arn ?? []);
  return [...new Set(named)];
}

/** The cluster whose dealings with {@link keysIn} a fact tells of; undefined for every other fact. */
export function clusterIn(fact: Fact): Cluster | undefined {
  return 'cluster' in fact ? fact.cluster : undefined;
}
