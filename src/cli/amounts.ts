import { InvalidArgumentError } from 'commander';
import { readTimestamp } from '../core/timestamp.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** A day of the calendar, `2027-01-31`; anything else is bad usage. */
export function day(text: string): string {
  if (!DAY.test(text) || readTimestamp(`${text}T00:00:00Z`) === undefined)
    throw new InvalidArgumentError('expected a day such as 2027-01-31');
  return text;
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
