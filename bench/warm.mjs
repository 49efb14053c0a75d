// A warm function's process: hands every event to the handler, one after the other, and says what CPU that took.
const [file] = process.argv.slice(2);
const { handler } = await import(file);
process.on('message', async ({ events }) => {
  const before = process.cpuUsage();
  // Parsing the event is part of handling it.
  for (const event of events) await handler(JSON.parse(event));
  const { user, system } = process.cpuUsage(before);
  process.send({ milliseconds: (user + system) / 1000 });
});
process.send({ ready: true });
