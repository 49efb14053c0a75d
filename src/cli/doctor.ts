import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SNSClient } from '@aws-sdk/client-sns';
import { inspect } from '../aws/deployment-inspector.ts';
import { type Check, diagnose } from '../core/doctor.ts';
import { clock } from '../system.ts';
import { InputError } from './input.ts';
import { hanging } from './layout.ts';
import { requireRegion } from './region.ts';
import { type Style, styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** A person waits for the answer. */
const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
} as const;
const MARK: Readonly<Record<Check['verdict'], string>> = { good: '✔', bad: '✖', unknown: '?' };

/**
 * `kms-audit doctor`: looks at a deployment, reading only, and says of each part whether it works, and the command that
 * mends it. The exit code is 1 unless all is good. Throws {@link InputError} where there is no such stack.
 */
export async function doctor(options: { readonly stack: string; readonly json: boolean }, terminal: Terminal): Promise<void> {
  const clients = {
    cloudFormation: new CloudFormationClient(CLIENT),
    cloudTrail: new CloudTrailClient(CLIENT),
    dynamoDb: new DynamoDBClient(CLIENT),
    eventBridge: new EventBridgeClient(CLIENT),
    kms: new KMSClient(CLIENT),
    sns: new SNSClient(CLIENT),
  };
  try {
    await requireRegion(clients.sns);
    const observations = await inspect(clients, options.stack, clock);
    if (observations === undefined) throw noStack(options.stack);
    const checks = diagnose(observations);
    const style = styleOf(terminal.colour);
    const lines = options.json ? [JSON.stringify(checks, null, 2)] : checks.flatMap((check) => checkLines(check, style, terminal.width));
    terminal.out.write(`${lines.join('\n')}\n`);
    if (checks.some(({ verdict }) => verdict !== 'good')) process.exitCode = 1;
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

/** What to say where there is no stack of that name in the Region asked. */
export function noStack(stack: string): InputError {
  return new InputError(`there is no stack "${stack}" in this account and Region; --stack names another, AWS_REGION another Region`);
}

/** A command stays on one line: broken lines could be broken inside its quotes. */
function checkLines({ name, verdict, says, mend }: Check, style: Style, width: number): string[] {
  const paint = { good: style.good, bad: style.bad, unknown: style.faint }[verdict];
  const lines = hanging('  ', `${name}: ${says}`, width).map((line, index) =>
    index === 0 ? `${paint(MARK[verdict])} ${line.trimStart()}` : line,
  );
  return mend === undefined ? lines : [...lines, `    ${style.command(mend)}`];
}
