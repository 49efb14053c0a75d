// Which records an archive of a fixed seed holds, and which file holds each.
import { FAULTS, kmsRecords, READS } from './kms-records.mjs';
import { otherRecord } from './other-records.mjs';
import { randomOf, shuffle } from './random.mjs';

/** One record in so many is of KMS. */
const KMS_EVERY = 20;
/** Of so many KMS records one is there again, in a neighbouring file: a second trail's. */
const COPY_EVERY = 100;
/** Files that share their lives of volumes. */
const NEIGHBOURS = 8;
const MOST_FAULTS_EVERY = 100;
const START_SECONDS = Date.UTC(2026, 10, 1) / 1000;
const SECONDS = 28 * 86_400;

/** What becomes of an archive's records, counted as they are planned. */
const nothingYet = () => ({ kms: 0, copies: 0, reads: 0, byName: {} });

/**
 * An archive of exactly `records` records in `files` files, most small, some very large. `file(index)` has its name's time and
 * its records' texts, one after the other; ask for the files in order, or nearly: neighbours are planned together.
 */
export class Archive {
  counted = nothingYet();
  #sizes;
  #shares;
  #seed;
  #blocks = new Map();

  constructor({ records, files, seed }) {
    this.#seed = seed;
    this.#sizes = fileSizes({ records, files, seed });
    this.#shares = sharesOf(this.#sizes, files);
  }

  file(index) {
    const size = this.#sizes[index];
    const from = this.#startOf(index);
    const random = this.#random(index, 1);
    return { size, from, texts: mixed(random, { size, from, seconds: this.#startOf(index + 1) - from, kms: this.#kmsOf(index) }) };
  }

  #startOf(index) {
    return START_SECONDS + Math.floor((index / this.#sizes.length) * SECONDS);
  }

  #random(index, purpose) {
    return randomOf(this.#seed, index, purpose);
  }

  /** The file's KMS records; forgotten once asked for. */
  #kmsOf(index) {
    const block = this.#shares[index].block;
    if (!this.#blocks.has(block)) this.#blocks.set(block, this.#plan(block));
    const planned = this.#blocks.get(block);
    const records = planned.get(index);
    planned.delete(index);
    if (planned.size === 0) this.#blocks.delete(block);
    return records;
  }

  #plan(block) {
    const shares = this.#shares.filter((share) => share.block === block);
    const first = shares[0].index;
    const from = this.#startOf(first);
    const random = this.#random(first, 2);
    const count = shares.reduce((sum, { kms, copies }) => sum + kms - copies, 0);
    const faults = shares.flatMap((share) => share.faults);
    const pool = kmsRecords(random, { count, faults, from, seconds: this.#startOf(first + shares.length) - from });
    const originals = shares.map(({ kms, copies }) => pool.splice(pool.length - (kms - copies)));
    return new Map(
      shares.map(({ index, copies }, nth) => {
        const again = shuffle(random, [...originals[(nth + 1) % shares.length]]).slice(0, copies);
        this.#count(originals[nth], again);
        return [index, shuffle(random, [...originals[nth], ...again])];
      }),
    );
  }

  #count(originals, copies) {
    const { counted } = this;
    counted.kms += originals.length + copies.length;
    counted.copies += copies.length;
    counted.reads += originals.filter(({ name }) => READS.has(name)).length;
    for (const { name } of [...originals, ...copies]) counted.byName[name] = (counted.byName[name] ?? 0) + 1;
  }
}

/** How many records each file holds: most few, some very many, together exactly `records`. */
function fileSizes({ records, files, seed }) {
  const { real } = randomOf(seed);
  const weights = Array.from({ length: files }, () => Math.exp(1.3 * (real() + real() + real() + real() - 2) * Math.sqrt(3)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const sizes = weights.map((weight) => Math.floor((weight / sum) * records));
  let left = records - sizes.reduce((a, b) => a + b, 0);
  for (let file = 0; left > 0; file = (file + 1) % files, left -= 1) sizes[file] += 1;
  return sizes;
}

/** What each file has of the KMS records, of the copies and of the faults, so that the whole archive has its share exactly. */
function sharesOf(sizes, files) {
  const blocks = Math.max(1, Math.floor(files / NEIGHBOURS));
  const total = Math.floor(sizes.reduce((sum, size) => sum + size, 0) / KMS_EVERY);
  const allFaults = Math.min(FAULTS, Math.floor(total / MOST_FAULTS_EVERY));
  let before = 0;
  const shares = sizes.map((size, index) => {
    const [start, end] = [Math.floor(before / KMS_EVERY), Math.floor((before + size) / KMS_EVERY)];
    before += size;
    const faultsBefore = (kms) => Math.floor((kms / total) * allFaults);
    const faults = total === 0 ? [] : range(faultsBefore(start), faultsBefore(end));
    const copies = Math.floor(end / COPY_EVERY) - Math.floor(start / COPY_EVERY);
    return { index, block: Math.floor((index * blocks) / files), kms: end - start, copies, faults };
  });
  // Copies come from the next file of the block, and need as many there.
  return shares.map((share, index) => {
    const next = shares[index + 1]?.block === share.block ? shares[index + 1] : shares.find(({ block }) => block === share.block);
    return { ...share, copies: Math.min(share.copies, Math.floor(next.kms / 2)) };
  });
}

const range = (from, to) => Array.from({ length: to - from }, (_, nth) => from + nth);

/** The KMS records scattered among others, in their order. */
function* mixed(random, { size, from, seconds, kms }) {
  let used = 0;
  for (let record = 0; record < size; record += 1) {
    if (random.below(size - record) < kms.length - used) {
      yield kms[used].text();
      used += 1;
    } else {
      const time = new Date((from + Math.floor((record / size) * seconds)) * 1000).toISOString().replace('.000', '');
      yield otherRecord(random, time);
    }
  }
}
