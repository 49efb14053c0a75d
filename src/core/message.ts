import type { AlertAttributes } from './alerting.ts';
import { type Digest, printable, shortened } from './text.ts';

/** A message ready to send: the bodies for each channel and the attributes subscriptions filter by. */
export interface AlertMessage {
  /** At most 99 ASCII characters. */
  readonly subject: string;
  /** The notification schema of Amazon Q Developer in chat applications, as JSON. */
  readonly chat: string;
  /** Plain text. */
  readonly email: string;
  readonly attributes: AlertAttributes;
}

/** What a message says, channel by channel the same. */
export interface MessageParts {
  readonly id: string;
  readonly title: string;
  /** One sentence or two each. */
  readonly paragraphs: readonly string[];
  /** Where to look it up, a line each. */
  readonly evidence?: readonly string[];
  readonly steps: readonly string[];
  /** The policy entry to paste. */
  readonly advice?: string | undefined;
  /** The alert group: its messages stand in one thread. */
  readonly group: string;
  readonly rule: string;
  readonly severity: string;
  /** The finding's fields; those that are missing or empty are left out. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly attributes: AlertAttributes;
}

/** Channels cut long messages; SNS refuses more than 262,144 bytes. These keep every body far below. */
const LIMITS = { title: 200, description: 4_000, step: 700, paragraph: 1_500, value: 500 };

/**
 * Writes a message for every channel. Untrusted text is bounded and printable everywhere, and cannot mark up chat.
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function messageOf(parts: MessageParts, digest: Digest): AlertMessage {
  const title = shortened(parts.title, LIMITS.title);
  const lines = (texts: readonly string[] = []): readonly string[] => texts.map((one) => shortened(one, LIMITS.paragraph));
  const [paragraphs, evidence] = [lines(parts.paragraphs), lines(parts.evidence)];
  const told = Object.fromEntries(
    Object.entries(parts.fields).flatMap(([name, value]) => (value ? [[name, printable(value, LIMITS.value)]] : [])),
  );
  const advice = parts.advice === undefined ? [] : [parts.advice];
  return {
    subject: asciiOnly(title).slice(0, 99),
    chat: JSON.stringify({
      version: '1.0',
      source: 'custom',
      id: parts.id,
      content: {
        textType: 'client-markdown',
        title: plain(title),
        description: shortened([...paragraphs, ...evidence, ...advice].map(plain).join('\n'), LIMITS.description),
        nextSteps: parts.steps.map((step) => shortened(plain(step), LIMITS.step)),
        keywords: [parts.rule, parts.severity],
      },
      metadata: { threadId: digest(parts.group).slice(0, 32), summary: plain(title), eventType: parts.rule, additionalContext: told },
    }),
    email: [
      title,
      '',
      ...paragraphs,
      ...section(
        'What to do',
        parts.steps.map((step, index) => `${index + 1}. ${commandBelow(step)}`),
      ),
      ...section('Evidence', evidence.map(commandBelow)),
      ...(advice.length === 0 ? [] : ['', ...advice]),
      ...section(
        'Finding',
        Object.entries(told).map(([name, value]) => `${name}: ${value}`),
      ),
    ].join('\n'),
    attributes: Object.fromEntries(
      Object.entries(parts.attributes).flatMap(([name, value]) => (value === '' ? [] : [[name, printable(value, LIMITS.value)]])),
    ),
  };
}

/** A part of an e-mail under its heading; nothing where it would be empty. */
const section = (heading: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', heading, ...lines]);

/** A step or a line of evidence with its command on a line of its own, to be copied whole. */
const commandBelow = (line: string): string => line.replace(/: (?=(?:aws|npx) )/, ':\n   ');

/** Text in which chat finds no mention, link or code: emphasis alone is left, since it misleads nobody and names are full of underscores. */
function plain(value: string): string {
  return value
    .replace(/[<>&]/g, (mark) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[mark] ?? mark)
    .replaceAll('`', "'")
    .replaceAll('](', '] (');
}

const ASCII: Readonly<Record<string, string>> = { '’': "'", '‘': "'", '“': '"', '”': '"', '–': '-', '—': '-', '…': '...' };

function asciiOnly(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, (letter) => ASCII[letter] ?? '?');
}
