import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isObject } from '../src/core/json.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const sections = readFileSync(`${ROOT}docs/json.md`, 'utf8').split(/^## /m);

const printed = async (...args: string[]): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}dist/cli/kms-audit.mjs`, ...args, '--json'], { cwd: ROOT });
  return JSON.parse(stdout);
};

/** The names of all fields, at any depth. What a finding would have the policy expect is the policy's own. */
function namesIn(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((one) => [...namesIn(one)]));
  if (!isObject(value)) return new Set();
  return new Set(Object.entries(value).flatMap(([name, one]) => [name, ...(name === 'expect' ? [] : namesIn(one))]));
}

/** The ids that sections call by that word. */
const IDS = ['clusterAccount', 'clusterName', 'volumeId', 'grantId', 'keyArn'];

/** The names that a section tells, and those of the sections it refers to. */
function toldIn(...titles: readonly string[]): Set<string> {
  const texts = titles.map((title) => sections.find((section) => section.startsWith(`${title}\n`)) ?? '');
  expect(texts).not.toContain('');
  return new Set([...IDS, ...texts.flatMap((text) => [...text.matchAll(/`(\w+)(?:\[\])?`/g)].map(([, name = '']) => name))]);
}

const { keys } = (await printed('replay', 'events')) as { keys: { keyArn: string }[] };

describe('docs/json.md tells every field of', () => {
  it.each([
    ['replay', ['replay', 'events'], ['`replay`', '`findings`']],
    ['replay --against', ['replay', 'events', '--policy', 'infra/policy.json', '--against', 'default'], ['`replay`', '`findings`']],
    ['findings', ['findings', '--from', 'events'], ['`findings`']],
    ['report', ['report', '--from', 'events'], ['`report`', '`findings`', '`replay`', '`dependents KEY`']],
    ['rules', ['rules'], ['The others']],
    ['policy check', ['policy', 'check', 'infra/policy.json'], ['The others']],
    [
      'dependents --cluster',
      ['dependents', '--from', 'events', '--cluster', 'nightly-batch'],
      ['`dependents --cluster NAME`', '`dependents KEY`'],
    ],
    ['timeline', ['timeline', 'nightly-batch', '--from', 'events'], ['`timeline`']],
  ])('%s', async (_command, args, titles) => {
    const told = toldIn(...titles);
    expect([...namesIn(await printed(...args))].filter((name) => !told.has(name))).toEqual([]);
  });

  it('dependents of a dozen keys', async () => {
    const told = toldIn('`dependents KEY`', '`replay`');
    expect(keys.length).toBeGreaterThan(12);
    for (const { keyArn } of keys.slice(0, 12)) {
      const names = namesIn(await printed('dependents', keyArn, '--from', 'events'));
      expect([...names].filter((name) => !told.has(name))).toEqual([]);
    }
  });
});
