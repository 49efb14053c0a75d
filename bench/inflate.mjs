// Node's own inflate and nothing else: the bytes that the files unpack to.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { filesIn } from './files.mjs';

let bytes = 0;
for (const file of filesIn(process.argv[2])) {
  const unpacked = createReadStream(file, { highWaterMark: 1 << 18 }).pipe(createGunzip({ chunkSize: 1 << 18 }));
  for await (const chunk of unpacked) bytes += chunk.length;
}
console.log(bytes);
