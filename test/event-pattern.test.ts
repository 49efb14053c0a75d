import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matchesPattern } from './support/event-pattern.ts';

/** A name, a pattern, events it matches, events that come near and that it does not match. */
type Row = readonly [name: string, pattern: unknown, matching: readonly unknown[], others: readonly unknown[]];

/** The event of AWS's page on content filtering. */
const INSTANCE_EVENT = {
  version: '0',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2017-10-02T16:24:49Z',
  resources: ['arn:aws:ec2:us-east-1:111122223333:instance/i-02ebd4584a2ebd341'],
  detail: { 'c-count': 5, 'd-count': 3, 'x-limit': 301.8, state: 'running' },
};

const VALUES: readonly Row[] = [
  ['a string', { state: ['running'] }, [{ state: 'running' }], [{ state: 'Running' }, { state: 'running ' }, {}, { State: 'running' }]],
  ['one of several', { state: ['pending', 'running'] }, [{ state: 'running' }, { state: 'pending' }], [{ state: 'stopped' }]],
  ['a number', { n: [5] }, [{ n: 5 }, { n: 5.0 }], [{ n: '5' }, { n: 5.1 }]],
  ['true', { on: [true] }, [{ on: true }], [{ on: 'true' }, { on: false }, { on: 1 }]],
  ['null', { user: [null] }, [{ user: null }], [{ user: 'null' }, { user: '' }, {}, { user: {} }]],
  ['the empty string', { user: [''] }, [{ user: '' }], [{ user: null }, { user: ' ' }, {}]],
  ['fields together', { a: ['1'], b: ['2'] }, [{ a: '1', b: '2', c: '3' }], [{ a: '1' }, { a: '1', b: '1' }]],
  ['nested fields', { a: { b: ['x'] } }, [{ a: { b: 'x', c: 'y' } }], [{ b: 'x' }, { a: 'x' }, { a: { c: { b: 'x' } } }]],
  ['keys with colons', { 'aws:ecs:clusterName': ['x'] }, [{ 'aws:ecs:clusterName': 'x' }], [{ aws: { ecs: { clusterName: 'x' } } }]],
  ['keys of the prototype', { constructor: [{ exists: false }] }, [{}], [{ constructor: 'x' }]],
];

const OPERATORS: readonly Row[] = [
  ['exists: true', { a: [{ exists: true }] }, [{ a: 'x' }, { a: '' }, { a: null }, { a: false }, { a: ['x'] }], [{}, { b: 'x' }]],
  ['exists: true on what is no leaf', { a: [{ exists: true }] }, [], [{ a: { b: 'x' } }, { a: {} }, { a: [] }]],
  ['exists: false', { a: [{ exists: false }] }, [{}, { b: 'x' }, { a: { b: 'x' } }, { a: {} }, { a: [] }], [{ a: 'x' }, { a: null }]],
  ['exists: false below a null', { a: { b: [{ exists: false }] } }, [{ a: null }, {}, { a: { c: 1 } }, { a: 'b' }], [{ a: { b: null } }]],
  ['exists: true below a null', { a: { b: [{ exists: true }] } }, [{ a: { b: null } }], [{ a: null }, {}, { a: 'b' }]],
  ['exists: false or a value', { a: [{ exists: false }, 'x'] }, [{}, { a: 'x' }], [{ a: 'y' }]],
  ['prefix', { s: [{ prefix: 'aws.' }] }, [{ s: 'aws.kms' }, { s: 'aws.' }], [{ s: 'AWS.kms' }, { s: 'my.aws.' }, { s: 'aws' }, {}]],
  ['prefix of a number', { s: [{ prefix: '1' }] }, [{ s: '12' }], [{ s: 12 }, { s: null }]],
  ['prefix, case ignored', { s: [{ prefix: { 'equals-ignore-case': 'EventB' } }] }, [{ s: 'EVENTBridge' }], [{ s: 'my-eventb' }]],
  ['suffix', { s: [{ suffix: '.png' }] }, [{ s: 'a.png' }, { s: '.png' }], [{ s: 'a.PNG' }, { s: 'a.png.gz' }, { s: 'png' }, {}]],
  ['suffix, case ignored', { s: [{ suffix: { 'equals-ignore-case': '.PNG' } }] }, [{ s: 'a.pnG' }], [{ s: 'a.png2' }]],
  ['equals-ignore-case', { s: [{ 'equals-ignore-case': 'alice' }] }, [{ s: 'ALICE' }, { s: 'alice' }], [{ s: 'alice2' }, { s: '' }, {}]],
  ['wildcard', { s: [{ wildcard: 'dir/*.png' }] }, [{ s: 'dir/a/b.png' }, { s: 'dir/.png' }], [{ s: 'dir/a.png2' }, { s: 'a/dir/b.png' }]],
  ['wildcard alone', { s: [{ wildcard: '*' }] }, [{ s: '' }, { s: 'a\nb' }], [{ s: 1 }, { s: null }, {}]],
  ['wildcard escaped', { s: [{ wildcard: 'a\\*\\\\*' }] }, [{ s: 'a*\\' }, { s: 'a*\\b' }], [{ s: 'ab\\c' }, { s: 'a*b' }]],
  ['wildcard and other signs', { s: [{ wildcard: 'a.b(*' }] }, [{ s: 'a.b(c' }], [{ s: 'axb(c' }]],
  [
    'anything-but',
    { s: [{ 'anything-but': 'x' }] },
    [{ s: 'y' }, { s: '' }, { s: 'X' }, { s: null }, { s: 1 }],
    [{ s: 'x' }, {}, { s: {} }],
  ],
  ['anything-but a number', { n: [{ 'anything-but': 123 }] }, [{ n: 124 }, { n: '123' }], [{ n: 123 }, {}]],
  ['anything-but of a list', { s: [{ 'anything-but': ['x', 'y'] }] }, [{ s: 'z' }], [{ s: 'x' }, { s: 'y' }, {}]],
  ['anything-but of numbers', { n: [{ 'anything-but': [1, 2] }] }, [{ n: 3 }], [{ n: 1 }, { n: 2 }]],
  ['anything-but a prefix', { s: [{ 'anything-but': { prefix: 'in' } }] }, [{ s: 'on' }, { s: 'In' }, { s: 1 }], [{ s: 'init' }, {}]],
  ['anything-but a suffix', { s: [{ 'anything-but': { suffix: '.png' } }] }, [{ s: 'a.gif' }], [{ s: 'a.png' }, {}]],
  ['anything-but prefixes', { s: [{ 'anything-but': { prefix: ['a', 'b'] } }] }, [{ s: 'c' }], [{ s: 'a1' }, { s: 'b1' }]],
  ['anything-but, case ignored', { s: [{ 'anything-but': { 'equals-ignore-case': 'x' } }] }, [{ s: 'xx' }], [{ s: 'X' }, {}]],
  ['anything-but a wildcard', { s: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, [{ s: '/lib' }], [{ s: '/lib/a' }, {}]],
  ['anything-but below a null', { a: { b: [{ 'anything-but': 'x' }] } }, [{ a: { b: 'y' } }], [{ a: null }, {}]],
  ['anything-but or absent', { s: [{ 'anything-but': 'x' }, { exists: false }] }, [{ s: 'y' }, {}], [{ s: 'x' }]],
  ['numeric =', { n: [{ numeric: ['=', 3.018e2] }] }, [{ n: 301.8 }], [{ n: 301.81 }, { n: '301.8' }, {}, { n: null }]],
  ['numeric <', { n: [{ numeric: ['<', 10] }] }, [{ n: 9.999 }, { n: -1 }], [{ n: 10 }, { n: 11 }]],
  ['numeric <=', { n: [{ numeric: ['<=', 10] }] }, [{ n: 10 }, { n: 9 }], [{ n: 10.001 }]],
  ['numeric >', { n: [{ numeric: ['>', 0] }] }, [{ n: 0.001 }], [{ n: 0 }, { n: -1 }]],
  ['numeric >=', { n: [{ numeric: ['>=', 0] }] }, [{ n: 0 }, { n: 1 }], [{ n: -0.001 }]],
  ['numeric range', { n: [{ numeric: ['>', 0, '<=', 5] }] }, [{ n: 1 }, { n: 5 }], [{ n: 0 }, { n: 5.1 }]],
];

const OR: readonly Row[] = [
  ['$or', { $or: [{ a: ['1'] }, { b: ['2'] }] }, [{ a: '1' }, { b: '2' }, { a: '0', b: '2' }], [{ a: '2', b: '1' }, {}]],
  [
    '$or and its siblings',
    { s: ['x'], $or: [{ a: ['1'] }, { b: ['2'] }] },
    [{ s: 'x', a: '1' }],
    [{ s: 'y', a: '1' }, { s: 'x' }, { s: 'x', a: '2' }],
  ],
  [
    '$or inside a field',
    { detail: { s: ['x'], $or: [{ a: ['1'] }, { b: { c: ['2'] } }] } },
    [{ detail: { s: 'x', b: { c: '2' } } }],
    [{ a: '1', detail: { s: 'x' } }, { detail: { s: 'x', b: '2' } }],
  ],
  [
    '$or inside $or, with an and',
    { $or: [{ a: ['1'] }, { b: ['2'], $or: [{ c: ['3'] }, { d: ['4'] }] }] },
    [{ a: '1' }, { b: '2', c: '3' }, { b: '2', d: '4' }],
    [{ b: '2' }, { c: '3' }, { a: '2', d: '4' }],
  ],
  [
    'a $or at two levels',
    { $or: [{ a: ['1'] }, { b: ['2'] }], d: { $or: [{ e: ['3'] }, { f: ['4'] }] } },
    [{ b: '2', d: { e: '3' } }],
    [{ b: '2' }, { d: { e: '3' } }],
  ],
  [
    '$or of what is absent',
    { $or: [{ a: { b: [{ exists: false }] } }, { a: { b: ['x'] } }] },
    [{ a: null }, { a: { b: 'x' } }],
    [{ a: { b: 'y' } }],
  ],
];

const ARRAYS: readonly Row[] = [
  ['any element', { r: ['b', 'c'] }, [{ r: ['a', 'b'] }, { r: [['c']] }], [{ r: ['a'] }, { r: [] }, { r: ['bc'] }]],
  ['any element under an operator', { r: [{ prefix: 'b' }] }, [{ r: ['a', 'b1'] }], [{ r: ['a'] }]],
  [
    'anything-but: any element differs',
    { r: [{ 'anything-but': 'a' }] },
    [{ r: ['a', 'b'] }, { r: ['b'] }],
    [{ r: ['a', 'a'] }, { r: [] }],
  ],
  ['null in an array', { r: [null] }, [{ r: ['a', null] }], [{ r: ['null'] }]],
  ['objects in an array', { r: { arn: ['x'] } }, [{ r: [{ arn: 'y' }, { arn: 'x' }] }], [{ r: [{ arn: 'y' }] }, { r: ['x'] }]],
  [
    'fields of one element only',
    { r: { first: ['Anna'], last: ['Jones'] } },
    [
      {
        r: [
          { first: 'Peter', last: 'Smith' },
          { first: 'Anna', last: 'Jones' },
        ],
      },
    ],
    [
      {
        r: [
          { first: 'Anna', last: 'Smith' },
          { first: 'Peter', last: 'Jones' },
        ],
      },
    ],
  ],
  [
    'fields of elements of two arrays',
    { r: { a: ['1'] }, s: { a: ['2'] } },
    [{ r: [{ a: '1' }, { a: '0' }], s: [{ a: '0' }, { a: '2' }] }],
    [{ r: [{ a: '2' }], s: [{ a: '1' }] }],
  ],
  ['a leaf in one of several elements', { r: { a: [{ exists: false }] } }, [{ r: [{ b: 1 }, {}] }], [{ r: [{ b: 1 }, { a: 1 }] }]],
];

const DOCUMENTED: readonly Row[] = [
  [
    "AWS's complex example",
    {
      time: [{ prefix: '2017-10-02' }],
      detail: {
        state: [{ 'anything-but': 'initializing' }],
        'c-count': [{ numeric: ['>', 0, '<=', 5] }],
        'd-count': [{ numeric: ['<', 10] }],
        'x-limit': [{ 'anything-but': [100, 200, 300] }],
      },
    },
    [INSTANCE_EVENT],
    [
      { ...INSTANCE_EVENT, time: '2017-10-03T00:00:00Z' },
      { ...INSTANCE_EVENT, detail: { ...INSTANCE_EVENT.detail, state: 'initializing' } },
      { ...INSTANCE_EVENT, detail: { ...INSTANCE_EVENT.detail, 'c-count': 6 } },
      { ...INSTANCE_EVENT, detail: { ...INSTANCE_EVENT.detail, 'x-limit': 200 } },
    ],
  ],
  [
    "AWS's exists example: a node with children is no leaf",
    { detail: { 'c-count': [{ exists: false }] } },
    [{ detail: { state: ['initializing', 'running'] } }, { detail: { 'c-count': { c1: 100 } } }],
    [INSTANCE_EVENT],
  ],
];

describe.each([
  ['values', VALUES],
  ['operators', OPERATORS],
  ['$or', OR],
  ['arrays', ARRAYS],
  ['documented examples', DOCUMENTED],
])('matchesPattern: %s', (_title, rows) => {
  it.each(rows)('%s', (_name, pattern, matching, others) => {
    expect(matching.filter((event) => !matchesPattern(pattern, event))).toEqual([]);
    expect(others.filter((event) => matchesPattern(pattern, event))).toEqual([]);
  });
});

describe('matchesPattern on records', () => {
  const created = event('04-create-grant');
  const retired = event('06-retire-grant');

  it('tells a grant of a cluster from an ending, whose requestParameters are null', () => {
    const ofCluster = {
      source: ['aws.kms'],
      detail: { requestParameters: { constraints: { encryptionContextSubset: { 'aws:ecs:clusterName': ['orders'] } } } },
    };
    const withoutKey = { source: ['aws.kms'], detail: { requestParameters: { keyId: [{ exists: false }] } } };
    expect([created, retired].map((each) => matchesPattern(ofCluster, each))).toEqual([true, false]);
    expect([created, retired].map((each) => matchesPattern(withoutKey, each))).toEqual([false, true]);
    expect([created, retired].map((each) => matchesPattern({ detail: { requestParameters: [null] } }, each))).toEqual([false, true]);
  });
});

function event(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../events/fargate-task-life/${name}.json`, import.meta.url), 'utf8'));
}

describe('matchesPattern refuses', () => {
  it.each<readonly [string, unknown]>([
    ['an unknown operator', { a: [{ contains: 'x' }] }],
    ['cidr, which it does not know', { a: [{ cidr: '192.0.2.0/24' }] }],
    ['an unknown operator in a branch never reached', { b: ['no'], $or: [{ c: ['x'] }, { a: [{ regex: 'x' }] }] }],
    ['an unknown operator in anything-but', { a: [{ 'anything-but': { contains: 'x' } }] }],
    ['numeric inside anything-but', { a: [{ 'anything-but': { numeric: ['<', 1] } }] }],
    ['an unknown operator in prefix', { a: [{ prefix: { suffix: 'x' } }] }],
    ['two operators in one object', { a: [{ prefix: 'x', suffix: 'y' }] }],
    ['an operator without a name', { a: [{}] }],
    ['a value outside an array', { a: 'x' }],
    ['a null outside an array', { a: null }],
    ['an empty list', { a: [] }],
    ['an empty object', { a: {} }],
    ['an empty pattern', {}],
    ['a pattern that is no object', ['x']],
    ['a list inside a list', { a: [['x']] }],
    ['a $or of one', { $or: [{ a: ['x'] }] }],
    ['a $or that is no list', { $or: { a: ['x'] } }],
    ['exists of a string', { a: [{ exists: 'true' }] }],
    ['prefix of a number', { a: [{ prefix: 1 }] }],
    ['anything-but of mixed types', { a: [{ 'anything-but': ['x', 1] }] }],
    ['anything-but of nothing', { a: [{ 'anything-but': [] }] }],
    ['anything-but null', { a: [{ 'anything-but': null }] }],
    ['wildcards side by side', { a: [{ wildcard: 'a**' }] }],
    ['a needless escape', { a: [{ wildcard: 'a\\b' }] }],
    ['an escape of nothing', { a: [{ wildcard: 'a\\' }] }],
    ['a numeric without an operator', { a: [{ numeric: [5] }] }],
    ['an unknown numeric operator', { a: [{ numeric: ['!=', 5] }] }],
    ['a numeric range the wrong way round', { a: [{ numeric: ['<', 5, '>', 0] }] }],
    ['an empty numeric range', { a: [{ numeric: ['>', 5, '<', 5] }] }],
    ['a numeric bound out of range', { a: [{ numeric: ['<', 5.1e9] }] }],
    ['a numeric string', { a: [{ numeric: ['<', '5'] }] }],
  ])('%s', (_name, pattern) => {
    expect(() => matchesPattern(pattern, { b: 'x' })).toThrow(/^event pattern: /);
  });
});
