// Loads a handler as Lambda's own runtime does and asks for events. CommonJS as that one is: importing node:http from an
// ES module would load Node's fetch as well, and flatter every ratio to the empty handler.
const { Agent, request } = require('node:http');
const { join } = require('node:path');

const { AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root, _HANDLER: name } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${api}/2018-06-01/runtime/${path}`, { method, agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ id: response.headers['lambda-runtime-aws-request-id'], body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function serve() {
  const file = join(root, name);
  const { handler } = name.endsWith('.cjs') ? require(file) : await import(file);
  for (;;) {
    const { id, body } = await call('GET', 'invocation/next');
    await handler(JSON.parse(body));
    await call('POST', `invocation/${id}/response`, 'null');
  }
}

serve().catch((error) => {
  console.error(error);
  process.exit(1);
});
