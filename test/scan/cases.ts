import { cleanLife } from '../support/life.ts';

/** One source, and what is odd about it. */
export interface Case {
  readonly name: string;
  readonly bytes: Buffer;
}

const life = cleanLife();
const json = (value: unknown): string => JSON.stringify(value);
/** A record of another service, of about a kilobyte. */
export const other = (index: number, fields: object = {}): object => ({
  eventVersion: '1.09',
  userIdentity: {
    type: 'IAMUser',
    accountId: '111122223333',
    sessionContext: { attributes: {}, list: [[], [1, -2.5e-3, true], { a: null }] },
  },
  eventTime: '2026-11-02T10:00:00Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'GetObject',
  requestParameters: { bucketName: 'example.com', key: 'x'.repeat(index * 7) },
  resources: [{ ARN: 'arn:aws:s3:::a' }, { ARN: 'arn:aws:s3:::b', eventSource: 'kms.amazonaws.com' }],
  eventID: `other-${index}`,
  ...fields,
});
const [kms = {}, second = {}, third = {}, grant = {}, decrypt = {}, retired = {}] = life;
/** Good records of both kinds in turn. */
export const GOOD: readonly object[] = [other(1), kms, other(2), second, third, other(3), grant, decrypt, other(4), retired];

const source = (text: string): string => json(other(5)).replace('"s3.amazonaws.com"', text);
const key = (text: string): string => json(other(5)).replace('"eventSource"', text);

/** Records, well formed every one of them, that something is odd about. */
const ODD: readonly (readonly [string, string])[] = [
  ['another service', json(other(6))],
  ['KMS', json(grant)],
  ['ECS', json(other(6, { eventSource: 'ecs.amazonaws.com', eventName: 'CreateCluster' }))],
  ['CloudTrail', json(other(6, { eventSource: 'cloudtrail.amazonaws.com', eventName: 'StopLogging' }))],
  ['EventBridge rules', json(other(6, { eventSource: 'events.amazonaws.com', eventName: 'DisableRule' }))],
  ['a source with blanks around it', json({ ...grant, eventSource: ' kms.amazonaws.com\t' })],
  ['a source between blanks of Unicode', json({ ...grant, eventSource: '\u00a0kms.amazonaws.com\ufeff' })],
  ['a source with an escaped letter', json(grant).replace('kms.amazonaws', '\\u006bms.amazonaws')],
  ['a source with an escaped slash', source('"a\\/b"')],
  ['an escaped key of the source', json(grant).replace('"eventSource"', '"event\\u0053ource"')],
  ['an escaped key beside', key('"event\\u0054ime2":1,"eventSource"')],
  ['two sources, KMS last', source('"s3.amazonaws.com","eventSource":"kms.amazonaws.com"')],
  ['two sources, KMS first', source('"kms.amazonaws.com","eventSource":"s3.amazonaws.com"')],
  ['two sources, the same', source('"s3.amazonaws.com","eventSource":"s3.amazonaws.com"')],
  ['a second source, escaped', source('"s3.amazonaws.com","\\u0065ventSource":"kms.amazonaws.com"')],
  ['an empty source', source('""')],
  ['a source of one blank', source('" "')],
  ['no source', key('"eventSauce"')],
  ['a source that only ends like it', key('"xeventSource"')],
  ['a nested source only', '{"a":{"eventSource":"s3.amazonaws.com"}}'],
  ['a source that is null', source('null')],
  ['a source that is a number', source('-1.5E+7')],
  ['a source that is an object', source('{"a":["s3.amazonaws.com"]}')],
  ['a source that is an array', source('["kms.amazonaws.com"]')],
  ['a source in other letters', source('"KMS.amazonaws.com"')],
  ['a source that is longer', source('"kms.amazonaws.com.cn"')],
  ['a source that is shorter', source('"kms.amazonaws.co"')],
  ['a very long source', source(`"${'s'.repeat(5000)}"`)],
  ['a source that is not ASCII', source('"ḱms.amazonaws.com"')],
  ['a nested KMS source before', json({ requestParameters: { eventSource: 'kms.amazonaws.com' }, ...other(7) })],
  ['KMS in a string', json(other(7, { userAgent: '"eventSource":"kms.amazonaws.com"' }))],
  ['braces in strings', json(other(7, { userAgent: '}]},{"eventSource":"kms.amazonaws.com"},{[' }))],
  ['backslashes before quotes', json(other(7, { userAgent: '\\', errorMessage: '\\\\"', a: '\\\\\\' }))],
  ['every escape', other7('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uD83D\\ude00\\ud800"')],
  ['every sort of number', other7('[0,-0,1,-1,10,0.5,-0.5e5,1E5,1e+5,1e-05,123456789012345678901234567890,1e999]')],
  ['literals', other7('[true,false,null,[true],{"a":false}]')],
  ['empty objects and arrays', other7('[{},[],{"":{}},[[]],""]')],
  ['blanks everywhere', json(other(7)).replaceAll(',"', ' ,\t\r\n "').replaceAll(':', ' : ').replaceAll('{', '{ ').replaceAll('}', ' }')],
  ['text that is not ASCII', json(other(7, { userAgent: 'ñ Ω 한국어 🦀 \u2028', ключ: 1 }))],
  ['text that is not ASCII, of KMS', json({ ...grant, userAgent: 'ñ Ω 한국어 🦀 \u2028' })],
  ['a prototype', json(other(7)).replace('{', '{"__proto__":{"eventSource":"kms.amazonaws.com"},')],
  ['a record without keys', '{}'],
  ['a number', '1'],
  ['a string', '"kms.amazonaws.com"'],
  ['null', 'null'],
  ['an array in the list', json([grant, other(1), [decrypt]])],
  ['an empty array in the list', '[]'],
  [
    'an EventBridge envelope',
    json({ version: '0', id: 'x', 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.kms', detail: grant }),
  ],
  ['an EventBridge envelope of others', json({ 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.s3', detail: other(1) })],
  [
    'a native event',
    json({ 'detail-type': 'KMS CMK Deletion', source: 'aws.kms', id: 'n', time: '2026-11-02T10:00:00Z', resources: kms.resources }),
  ],
  ['an envelope with a source of its own', json({ eventSource: 's3.amazonaws.com', 'detail-type': 'x', source: 'aws.kms', detail: grant })],
  ['a message of SQS', json({ messageId: 'm', body: json({ Records: [grant, other(1)] }), eventSource: 'aws:sqs' })],
  ['a body alone', json({ body: json(grant), eventSource: 's3.amazonaws.com' })],
  ['a received message', json({ MessageId: 'm', Body: json(grant) })],
  ['a notification of SNS', json({ Sns: { Message: json(grant) }, EventSource: 'aws:sns', eventSource: 's3.amazonaws.com' })],
  ['an SNS body', json({ Type: 'Notification', Message: json({ Records: [grant] }), eventSource: 's3.amazonaws.com' })],
  [
    'a page of LookupEvents',
    json({ Events: [{ EventId: 'x', EventSource: 'kms.amazonaws.com', CloudTrailEvent: json(grant) }, { CloudTrailEvent: 'no JSON' }] }),
  ],
  ['an event of LookupEvents', json({ CloudTrailEvent: json(grant), eventSource: 's3.amazonaws.com' })],
  ['a received batch', json({ Messages: [{ MessageId: 'm', Body: json(grant) }] })],
  [
    'an export of CloudWatch Logs',
    json({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', message: json(grant) }, { message: json(other(1)) }, { message: '{' }] }),
  ],
  ['a log event of CloudWatch Logs alone', json({ timestamp: 1, message: json(grant), eventSource: 's3.amazonaws.com' })],
  [
    'an export of CloudWatch Logs with its own fields',
    json({ owner: '111122223333', logGroup: 'g', logStream: 's', logEvents: [{ message: json(grant) }], messageType: 'DATA_MESSAGE' }),
  ],
  [
    'results of a query of CloudTrail Lake',
    json({
      QueryStatus: 'FINISHED',
      QueryResultRows: [
        [{ eventID: 'x' }, { eventJson: json(grant) }],
        [{ eventjson: json(other(1)) }],
        [{ eventID: 'x' }],
        'none',
        [{ eventJson: '{' }],
      ],
    }),
  ],
  ['rows of a query of CloudTrail Lake', json([[{ eventJson: json(grant) }], [{ eventJson: json(other(1)) }], [{ eventName: 'Decrypt' }]])],
  ['a column of CloudTrail Lake', json({ eventSource: 's3.amazonaws.com', eventJson: json(grant) })],
  ['a column in small letters', json({ eventjson: json(decrypt), eventSource: 's3.amazonaws.com' })],
  ['a column that is no text', json({ eventJson: {}, eventSource: 's3.amazonaws.com' })],
  ['rows that are none', json({ QueryResultRows: 'none', eventSource: 's3.amazonaws.com' })],
  ['records before rows', json({ Records: [grant, other(1)], QueryResultRows: [[{ eventJson: json(decrypt) }]] })],
  [
    'a sign file of CloudTrail Lake',
    json({
      version: '1.0',
      files: [{ fileHashValue: '0', fileName: 'result_1.csv.gz' }],
      queryCompleteTime: '2026-11-02T10:00:00Z',
      hashSignature: '0',
    }),
  ],
  ['SNS within SQS', json({ messageId: 'm', body: json({ Type: 'Notification', Message: json({ Records: [grant, other(1)] }) }) })],
  [
    'SNS within SQS within SNS',
    json({ Sns: { Message: json({ MessageId: 'm', Body: json({ Type: 'Notification', Message: json(grant) }) }) } }),
  ],
  [
    'EventBridge within SQS',
    json({ messageId: 'm', body: json({ 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.kms', detail: grant }) }),
  ],
  ['a control message', json({ messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'ping' }] })],
  ['a digest', json({ digestS3Object: 'x', digestStartTime: 'y', logFiles: [{ a: 1 }] })],
  ['a failure destination', json({ version: '1.0', requestPayload: { Records: [{ messageId: 'm', body: json(grant) }] } })],
  ['nested records', json({ Records: [{ Records: [grant] }, other(1), { Events: [decrypt] }] })],
  ['records and a source', json({ eventSource: 's3.amazonaws.com', Records: [grant] })],
  ['records that are none', json({ Records: 'none', eventSource: 's3.amazonaws.com' })],
  ['records twice', '{"Records":[{"eventSource":"s3.amazonaws.com"}],"Records":[]}'],
  ['an escaped key of records', `{"\\u0052ecords":[${json(grant)}]}`],
  ['records behind other lists', json({ Messages: [1], Events: [2], Records: [grant] })],
  ['records before a wrapper’s key', json({ Records: [grant, other(1)], 'detail-type': 'x', detail: 5 })],
  ['records before a payload', json({ Records: [grant], requestPayload: [other(1)] })],
  ['records before an escaped key', `{"Records":[${json(grant)}],"r\\u0065questPayload":[1,2,3]}`],
  ['records among other keys', json({ a: { Records: [1] }, b: [{}], Records: [grant, other(1), 7], c: 'ñ', d: { Records: 1 } })],
  ['no records', '{"Records":[]}'],
  ['records of one number', '{"Records":[1]}'],
  ['envelopes too deep', json(nested(12))],
  ['deep', json(other(7, { a: JSON.parse('['.repeat(400) + ']'.repeat(400)) }))],
];

function other7(value: string): string {
  return json(other(7)).replace('{', `{"a":${value},`);
}

function nested(depth: number): unknown {
  return depth === 0 ? grant : { Records: [nested(depth - 1)] };
}

/** Every shape that records come in around these texts. */
const SHAPES: readonly (readonly [string, (records: readonly string[]) => string])[] = [
  ['a log file', (records) => `{"Records":[${records.join(',')}]}`],
  ['a spread-out log file', (records) => `{\n  "Records": [\n    ${records.join(',\n    ')}\n  ]\n}\n`],
  ['a log file with other keys', (records) => `{"a":[{"b":"Records"}],"Records":[${records.join(' , ')}],"z":{"Records":[1]}}`],
  ['an array', (records) => `[${records.join(',')}]`],
  ['lines', (records) => records.map((record) => record.replaceAll('\n', ' ')).join('\n')],
  ['lines of Windows, some empty', (records) => `\ufeff${records.map((record) => record.replaceAll(/[\r\n]/g, ' ')).join('\r\n\r\n')}\r\n`],
  ['lines of log files', (records) => records.map((record) => `{"Records":[${record.replaceAll('\n', ' ')}]}`).join('\n')],
  [
    'lines of a log group that was exported',
    (records) => records.map((record, index) => `2026-11-02T10:00:0${index % 10}.000Z ${record.replaceAll('\n', ' ')}`).join('\n'),
  ],
  ['values one after the other', (records) => records.join('')],
];

/** Sources all of whose values are JSON. */
export function wellFormed(): Case[] {
  const cases: Case[] = [];
  for (const [shape, write] of SHAPES) {
    for (const [oddity, text] of ODD) {
      if (!shape.includes('log file') && shape !== 'an array' && !/^[{[]/.test(text)) continue;
      cases.push({
        name: `${shape}: ${oddity}`,
        bytes: Buffer.from(write([json(kms), json(other(2)), text, json(decrypt), json(other(3))])),
      });
    }
    cases.push({ name: `${shape}: many`, bytes: Buffer.from(write(GOOD.map(json))) });
    cases.push({ name: `${shape}: one`, bytes: Buffer.from(write([json(grant)])) });
  }
  for (const [oddity, text] of ODD) cases.push({ name: `alone: ${oddity}`, bytes: Buffer.from(text) });
  for (let length = 0; length < 40; length += 1)
    cases.push({
      name: `a string of ${length}`,
      bytes: Buffer.from(json({ Records: [other(1, { k: '\\'.repeat(length) }), { ...grant, ['k'.repeat(length)]: 'ñ' }] })),
    });
  return cases;
}

/** What is done to a good record so that it is none. */
const BROKEN: readonly (readonly [string, (record: string) => string | Buffer])[] = [
  ['a quote lost at its end', (record) => record.replace(/"\}$/, '}')],
  ['a quote lost in a key', (record) => record.replace('"eventTime"', '"eventTime')],
  ['a quote lost in a value', (record) => record.replace('"2026', '2026')],
  ['a quote too many', (record) => record.replace('eventTime', 'event"Time')],
  ['a brace lost', (record) => record.replace(/\}$/, '')],
  ['a brace too many', (record) => `${record}}`],
  ['a brace too many before', (record) => `{${record}`],
  ['a bracket lost', (record) => record.replace('[', '')],
  ['a closing bracket lost', (record) => record.replace(']', '')],
  ['a colon lost', (record) => record.replace(':', '')],
  ['a comma lost', (record) => record.replace(',', '')],
  ['a comma too many', (record) => record.replace(',', ',,')],
  ['a comma before the end', (record) => record.replace(/\}$/, ',}')],
  ['a word', (record) => record.replace(/:"[^"]*"/, ':nil')],
  ['half a word', (record) => record.replace(/:"[^"]*"/, ':tru')],
  ['NaN', (record) => record.replace(/:"[^"]*"/, ':NaN')],
  ['a number with a zero before', (record) => record.replace(/:"[^"]*"/, ':01')],
  ['a number with a plus', (record) => record.replace(/:"[^"]*"/, ':+1')],
  ['a number without digits', (record) => record.replace(/:"[^"]*"/, ':-')],
  ['a number without a fraction', (record) => record.replace(/:"[^"]*"/, ':1.')],
  ['a number without an exponent', (record) => record.replace(/:"[^"]*"/, ':1e')],
  ['a control character', (record) => record.replace('2026', '20\u000126')],
  ['a newline in a string', (record) => record.replace('amazonaws', 'amazo\nnaws')],
  ['a tab in a string', (record) => record.replace('amazonaws', 'amazo\tnaws')],
  ['a NUL', (record) => record.replace('amazonaws', 'amazo\0naws')],
  ['a NUL between', (record) => record.replace(',', ',\0')],
  ['an escape that is none', (record) => record.replace('amazonaws', 'amazo\\xnaws')],
  ['half an escape', (record) => record.replace('amazonaws', 'amazo\\u12naws')],
  ['an apostrophe', (record) => record.replaceAll('"', "'")],
  ['a comment', (record) => record.replace(',', ',/* */')],
  ['a no-break space', (record) => record.replace(',', ',\u00a0')],
  ['a byte that UTF-8 does not have', (record) => Buffer.from(record.replace('amazonaws', 'amazo\u00ffnaws'), 'latin1')],
  ['half a character', (record) => Buffer.from(record.replace('amazonaws', 'amazo\u00e2\u0082'), 'latin1')],
  ['a surrogate in UTF-8', (record) => Buffer.from(record.replace('amazonaws', 'amazo\u00ed\u00a0\u0080naws'), 'latin1')],
  ['an overlong character', (record) => Buffer.from(record.replace('amazonaws', 'amazo\u00c0\u00afnaws'), 'latin1')],
  ['a character too high', (record) => Buffer.from(record.replace('amazonaws', 'amazo\u00f4\u0090\u0080\u0080naws'), 'latin1')],
  ['nothing', () => ''],
  ['garbage', () => 'garbage'],
  ['an unfinished record', (record) => record.slice(0, record.length >> 1)],
];

/** Sources with one bad record among good ones, and sources that are bad as a whole. */
export function malformed(): Case[] {
  const cases: Case[] = [];
  for (const [shape, write] of SHAPES) {
    for (const [fault, spoil] of BROKEN) {
      const [before, after] = write([json(kms), json(other(2)), '@', json(decrypt), json(other(3))]).split('@');
      for (const [what, record] of [
        ['KMS', grant],
        ['another', other(5)],
      ] as const) {
        const spoilt = spoil(json(record));
        const middle = Buffer.isBuffer(spoilt) ? spoilt : Buffer.from(spoilt);
        cases.push({
          name: `${shape}: ${fault} (${what})`,
          bytes: Buffer.concat([Buffer.from(before ?? ''), middle, Buffer.from(after ?? '')]),
        });
      }
    }
  }
  const text = json({ Records: GOOD.slice(0, 4) });
  for (let cut = 0; cut < text.length; cut += 97) cases.push({ name: `cut at ${cut}`, bytes: Buffer.from(text.slice(0, cut)) });
  for (const [name, whole] of Object.entries({
    'an empty file': '',
    'blanks only': ' \n\t\r\n',
    'a byte order mark only': '\ufeff',
    'no JSON': 'hello',
    'lines of no JSON': 'hello\nworld\n1,2,3\n',
    'a line of no JSON before records': `hello\n\nworld\n${json(grant)}\nthe end\n${json(other(1))}\n`,
    numbers: '1\n2\n3',
    'a string': '"x"',
    'an open string': '"x',
    'a bracket': '[',
    'a brace': '{',
    'two brackets': '[]]',
    'a list that goes on': '{"Records":[],}',
    'a list behind a comma': '{"Records":[,1]}',
    'records beside the list': `{"Records":[]}${json(grant)}]}`,
    'a closed list again': `{"Records":[${json(grant)}]]}`,
    'the list’s end lost': `{"Records":[${json(grant)}}`,
    'the list’s beginning lost': `{"Records":${json(grant)},${json(decrypt)}]}`,
    'the head spoilt': `{"Rec"ords":[${json(grant)},${json(other(1))},${json(decrypt)}]}`,
    'the head lost': `"Records":[${json(grant)},${json(other(1))}]}`,
    'the head no UTF-8': Buffer.concat([
      Buffer.from('{"'),
      Buffer.from([0xff]),
      Buffer.from(`":1,"Records":[${json(grant)},${json(other(1))}]}`),
    ]),
    'the tail no UTF-8': Buffer.concat([
      Buffer.from(`{"Records":[${json(grant)},${json(other(1))}],"`),
      Buffer.from([0xff]),
      Buffer.from('":1}'),
    ]),
    'the tail spoilt': `{"Records":[${json(grant)},${json(other(1))}],"a":tru}`,
    'the tail cut': `{"Records":[${json(grant)},${json(other(1))}],"a":"b`,
    'half a file, then a whole one': `${text.slice(0, 700)}${text}`,
    'half a file, then lines': `${text.slice(0, 700)}\n${json(grant)}\n${json(other(1))}\n`,
    'lines, then a file': `${json(grant)}\n${text}\nend`,
    zeros: Buffer.alloc(10_000),
    'two bad records together': `[${json(kms)},${json(grant).replace(':', '')},${json(other(1)).replace(':', '')},${json(decrypt)}]`,
    'two bad records spread out': JSON.stringify([kms, grant, other(1), decrypt], null, 2).replaceAll('"eventName":', '"eventName"'),
    'a bad record spread out': JSON.stringify({ Records: GOOD }, null, 2).replace('"eventID": "other-2"', '"eventID": other-2'),
    'bad records spread out, one after the other': GOOD.map((record) => JSON.stringify(record, null, 2))
      .join('\n')
      .replace('"other-2"', 'other-2'),
    'a time before a list': `2026-11-02T10:00:00.000Z [${json(grant)}]`,
    'a time alone': '2026-11-02T10:00:00.000Z ',
    'times alone': `2026-11-02T10:00:00Z 2026-11-02T10:00:00Z ${json(grant)}\n2026-11-02T10:00:00Z\n${json(decrypt)}`,
    'a time of another form': `2026-11-02 10:00:00 ${json(grant)}\n2026-11-02T10:00:00.0000000001Z ${json(decrypt)}\n`,
    'an exported line that is no JSON': `2026-11-02T10:00:00Z hello {world}\n2026-11-02T10:00:00Z ${json(grant)}\n`,
    'an exported line cut off': `2026-11-02T10:00:00Z ${json(grant)}\n2026-11-02T10:00:00Z ${json(decrypt).slice(0, 300)}\n2026-11-02T10:00:00Z ${json(other(1))}`,
    'saved results of CloudTrail Lake': `eventID,eventJson\n"x","${json(grant).replaceAll('"', '""')}"\n"y","${json(other(1)).replaceAll('"', '""')}"\n`,
    'records behind a header': `eventJson\n${json(grant)}\n${json(other(1))}\n`,
    'many braces': '{'.repeat(3000),
    'many brackets': '['.repeat(3000),
    'brackets in a list': `[${'['.repeat(2000)}${']'.repeat(2000)},${json(grant)}]`,
    'braces in a list': `[${'{"a":'.repeat(2000)}1${'}'.repeat(2000)},${json(grant)}]`,
  }))
    cases.push({ name, bytes: Buffer.from(whole) });
  return cases;
}

/** A small generator of whole numbers, the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const STRUCTURE = Buffer.from('{}[]",:\\ \n\0u0-e.tfn\u00e2');

/** The bytes with one of them changed, lost, or added. */
export function mutant(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length);
  const byte = random(2) === 0 ? (STRUCTURE[random(STRUCTURE.length)] ?? 0) : random(256);
  switch (random(4)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]);
    default: {
      const copy = Buffer.from(bytes);
      copy[at] = byte;
      return copy;
    }
  }
}
