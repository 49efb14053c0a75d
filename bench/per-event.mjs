// What an event costs a warm function: CPU and calls, beside one bare UpdateItem of the SDK in a process of the same kind.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanLife } from '../test/support/life.ts';

const LIVES = 150;
const WARM_UP = 2;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Runs the events of clean task lives through the built function and as many bare calls as that made, in turns: of each
 * round the milliseconds of CPU of an event and of a bare call; and the calls of an event.
 */
export async function perEvent({ audit, bare }, rounds, progress = () => {}) {
  const database = fork(path('null-dynamodb.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const children = [database];
  try {
    const [{ endpoint }] = await message(database);
    const start = async ({ root, file, environment }) => {
      const env = { ...environment, AWS_ENDPOINT_URL_DYNAMODB: endpoint };
      const child = fork(path('warm.mjs'), [join(root, file)], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      children.push(child);
      await message(child);
      return child;
    };
    const [warmAudit, warmBare] = [await start(audit), await start(bare)];
    const handle = async (child, events) => (await ask(child, { events })).milliseconds;
    const answered = async () => (await ask(database, { replay: true })).calls;

    const events = lives();
    await handle(warmAudit, events);
    const write = JSON.stringify(bareWrite());
    // Known to the database, so that the replay has an answer.
    await ask(database, { replay: false });
    await handle(warmBare, [write]);
    await answered();

    const measured = [];
    for (let round = -WARM_UP; round < rounds; round += 1) {
      progress(round);
      const audited = await handle(warmAudit, events);
      const calls = await answered();
      const written = await handle(warmBare, Array(calls).fill(write));
      if ((await answered()) !== calls) throw new Error('the bare calls were not as many as asked for');
      if (round >= 0) measured.push({ event: audited / events.length, call: written / calls, calls: calls / events.length });
    }
    return measured;
  } finally {
    for (const child of children) child.kill();
  }
}

/** The six events of every life, as EventBridge delivers them within minutes: a late event of a volume is read up on. */
function lives() {
  const now = Date.now();
  const at = (second) => `${new Date(now + second * 1000).toISOString().slice(0, 19)}Z`;
  return Array.from({ length: LIVES }, (_, life) =>
    cleanLife({ serial: 1_000 + life, volumeId: `vol-${(0xabc0000 + life).toString(16).padStart(17, '0')}` }),
  ).flatMap((records) => records.map((record, second) => JSON.stringify(delivered({ ...record, eventTime: at(second) }))));
}

function delivered(detail) {
  const { eventID, eventTime, awsRegion, recipientAccountId } = detail;
  return {
    version: '0',
    id: eventID,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.kms',
    account: recipientAccountId,
    time: eventTime,
    region: awsRegion,
    resources: [],
    detail,
  };
}

/** An update of the size of a grant's, unconditional and without an answer: as little as such a call can be. */
function bareWrite() {
  return {
    TableName: 'ledger',
    Key: { pk: { S: 'bare' }, sk: { S: '#' } },
    UpdateExpression: 'SET f = :f, exp = :exp',
    ExpressionAttributeValues: { ':f': { S: 'x'.repeat(250) }, ':exp': { N: '1797000000' } },
  };
}

async function ask(child, question) {
  const answer = message(child);
  child.send(question);
  return (await answer)[0];
}

/** The child's next message; throws where it ends instead. */
async function message(child) {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    return await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a process of the bench ended with ${code}`);
      }),
    ]);
  } finally {
    stop.abort();
  }
}
