// A DynamoDB that costs its caller nothing to wait for. It first passes calls on to an embedded database and keeps what that
// answered; told to replay, it gives the same answers to the same calls. A process of its own: none of this counts.
import { createServer, request } from 'node:http';
import { startDynalite } from '../src/local/dynalite-server.ts';

const PASSED_ON = ['x-amz-target', 'content-type', 'authorization', 'x-amz-date', 'x-amz-security-token'];
const database = await startDynalite();
await database.createTable('ledger');

/** What was answered to a call, oldest first; the same call may meet another item later. */
const answers = new Map();
let replaying = false;
let calls = 0;

const server = createServer((asked, response) => {
  const chunks = [];
  asked.on('data', (chunk) => chunks.push(chunk));
  asked.on('end', () => {
    calls += 1;
    const body = Buffer.concat(chunks);
    const call = `${asked.headers['x-amz-target']} ${body}`;
    if (replaying) replay(call, response);
    else passOn(asked.headers, body, call, response);
  });
});

function replay(call, response) {
  const known = answers.get(call);
  if (known === undefined) return send(response, { status: 400, body: '{"__type":"ValidationException","message":"never asked before"}' });
  const answer = known.shift();
  known.push(answer);
  send(response, answer);
}

function passOn(headers, body, call, response) {
  const kept = Object.fromEntries(PASSED_ON.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
  const sent = request(database.endpoint, { method: 'POST', headers: kept }, (answered) => {
    const chunks = [];
    answered.on('data', (chunk) => chunks.push(chunk));
    answered.on('end', () => {
      const answer = { status: answered.statusCode, body: Buffer.concat(chunks).toString() };
      answers.set(call, [...(answers.get(call) ?? []), answer]);
      send(response, answer);
    });
  });
  sent.end(body);
}

function send(response, { status, body }) {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(body) }).end(body);
}

server.listen(0, '127.0.0.1', () => process.send({ endpoint: `http://127.0.0.1:${server.address().port}` }));
// Each message is answered with the calls since the last one.
process.on('message', ({ replay: asked }) => {
  replaying = asked;
  process.send({ calls });
  calls = 0;
});
