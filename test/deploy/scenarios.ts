import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvelope } from '../../src/core/envelope.ts';
import { field, items, text } from '../../src/core/json.ts';
import { DEFAULT_POLICY, inScope } from '../../src/core/policy.ts';
import { sha256 } from '../../src/system.ts';

/** A scenario of `events/`, as EventBridge would see it. */
export interface Scenario {
  readonly name: string;
  readonly events: readonly { readonly path: string; readonly event: unknown }[];
  /** The findings that its expected.json lists. */
  readonly findings: readonly ExpectedFinding[];
}

/** A finding, as far as an alert can be told to be its. */
export interface ExpectedFinding {
  readonly rule: string;
  readonly keyArn: string | undefined;
  readonly eventIds: readonly unknown[];
}

/**
 * Records that a replay of archives takes in and that no rule delivers, because nothing comes of them: uses whose context
 * names neither ECS nor a resource, or cannot be read, and refusals for no reason of the key's outside of ECS.
 */
export const REPLAY_ONLY = [
  'malformed-records/15-request-parameters-omitted.json',
  'malformed-records/16-context-hidden.json',
  'malformed-records/19-additional-event-data-a-string.json',
  'malformed-records/22-user-identity-null.json',
  'refused-for-other-reasons/03-decrypt-of-other-ciphertext.json',
  'refused-for-other-reasons/04-decrypt-denied.json',
];

const EVENTS = fileURLToPath(new URL('../../events', import.meta.url));
const json = (path: string): unknown => JSON.parse(readFileSync(join(EVENTS, path), 'utf8'));

/** Every scenario, in order of their names; their events in order of their numbers. */
export function readScenarios(): Scenario[] {
  const names = readdirSync(EVENTS, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  // What is deployed has the default policy.
  const byDefault = names.filter((name) => !existsSync(join(EVENTS, name, 'policy.json')));
  return byDefault.sort().map((name) => ({
    name,
    events: readdirSync(join(EVENTS, name))
      .filter((file) => /^\d\d-[a-z0-9-]+\.json$/.test(file))
      .sort()
      .map((file) => ({ path: `${name}/${file}`, event: json(`${name}/${file}`) })),
    findings: items(field(json(`${name}/expected.json`), 'findings')).map((finding) => ({
      rule: text(field(finding, 'rule')) ?? '',
      keyArn: text(field(finding, 'keyArn')),
      eventIds: items(field(finding, 'eventIds')),
    })),
  }));
}

/** Whether the audit would take anything in from an event, by whatever way it came. */
export function isInScope(event: unknown): boolean {
  return readEnvelope(event, sha256).some((reading) => {
    if (reading.kind !== 'fact') return false;
    const { fact } = reading;
    return fact.kind === 'event-rule-changed' ? fact.ruleName.startsWith('kms-audit-') : inScope(fact, DEFAULT_POLICY);
  });
}
