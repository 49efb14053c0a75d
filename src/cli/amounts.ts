import { InvalidArgumentError } from 'commander';
import { readTimestamp } from '../core/timestamp.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** A day of the calendar, `2027-01-31`; anything else is bad usage. */
export function day(text: string): string {
  if (!DAY.test(text) || readTimestamp(`${text}T00:00:00Z`) === undefined)
    throw new InvalidArgumentError('expected a day such as 2027-01-31');
  return text;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes, as a plain number or with a unit in either case (`16GiB`, `500mb`), within the bounds. */
export function bytesWithin(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
    const bytes = Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
    if (number === '' || !(bytes >= least && bytes <= most))
      throw new InvalidArgumentError(`expected bytes such as 1048576 or 16GiB, ${range(least, most)}`);
    return bytes;
  };
}

/** A whole number within the bounds. */
export function numberWithin(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`expected a whole number, ${range(least, most)}`);
    return number;
  };
}

function range(least: number, most: number): string {
  return most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
}

/** Write units per second, more than none. */
export function unitsPerSecond(text: string): number {
  const units = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || units <= 0) throw new InvalidArgumentError('expected write units per second, more than 0');
  return units;
}

/** Days as a whole number of at least one. */
export function wholeDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1) throw new InvalidArgumentError('expected whole days, at least 1');
  return days;
}
