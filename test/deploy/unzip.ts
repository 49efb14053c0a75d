import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;

/**
 * The files of a zip, by its central directory, as Lambda takes them: stored or deflated, without encryption, smaller
 * than 4 GB. Throws where the archive says anything else. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
function readZip(zip: Buffer): ZipEntry[] {
  let end = zip.length - END_BYTES;
  while (end >= 0 && zip.readUInt32LE(end) !== END) end -= 1;
  if (end < 0) throw new Error('no zip: the end of its central directory is missing');
  const count = zip.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(at) !== CENTRAL) throw new Error(`no zip: entry ${index} is not where the directory has it`);
    const nameBytes = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    entries.push({ name, content: contentOf(zip, at, name) });
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

function contentOf(zip: Buffer, central: number, name: string): Buffer {
  const method = zip.readUInt16LE(central + 10);
  const packedBytes = zip.readUInt32LE(central + 20);
  const local = zip.readUInt32LE(central + 42);
  if (zip.readUInt32LE(local) !== LOCAL || (zip.readUInt16LE(central + 8) & 1) === 1) throw new Error(`${name}: cannot be unpacked`);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8) throw new Error(`${name}: packed in a way that Lambda does not know (${method})`);
  const content = method === 0 ? packed : inflateRawSync(packed);
  if (crc32(content) !== zip.readUInt32LE(central + 16)) throw new Error(`${name}: its checksum is wrong`);
  return content;
}

/** Writes the files of a zip under `folder`, and nothing outside of it; the names of what it wrote. */
export async function unzip(zip: Buffer, folder: string): Promise<string[]> {
  const files = readZip(zip).filter(({ name }) => !name.endsWith('/'));
  for (const { name, content } of files) {
    const path = resolve(folder, name);
    if (!path.startsWith(folder + sep)) throw new Error(`${name}: leads out of the archive`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return files.map(({ name }) => name);
}
