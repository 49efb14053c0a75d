/** A hexadecimal SHA-256 of a text. Core has no `node:crypto`; its callers bring this one. */
export type Digest = (text: string) => string;

/** Controls, direction and zero-width marks, line separators, noncharacters: nothing that a reader sees as itself. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/** Text that a person may look at: what cannot be seen is spelt `\u{…}`, and at most `limit` characters stay. */
export function printable(value: string, limit: number): string {
  return shortened(
    value.replace(UNSEEN, (unseen) => `\\u{${(unseen.codePointAt(0) ?? 0).toString(16)}}`),
    limit,
  );
}

/** JSON that a person may look at: what cannot be seen is escaped as JSON has it, so that it still parses to the same. */
export function printableJson(json: string): string {
  const unit = (unseen: string, index: number): string => `\\u${unseen.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return json.replace(UNSEEN, (unseen) => Array.from(unseen.split(''), (_, index) => unit(unseen, index)).join(''));
}

/** The text, or its beginning and an ellipsis, in at most `limit` characters; never half a character. */
export function shortened(value: string, limit: number): string {
  return value.length <= limit
    ? value
    : `${value
        .slice(0, limit - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
}

/** What {@link bounded} ends a shortened text with. */
const MARKED = /~[0-9a-f]{16}$/;

/**
 * The text as an identity of at most `limit` characters: longer ones keep their beginning and gain a digest of
 * the whole, so that two long texts never become one; so does a short text that looks like such a mark.
 */
export function bounded(value: string, limit: number, digest: Digest): string {
  if (value.length <= limit && !MARKED.test(value)) return value;
  const mark = `~${digest(value).slice(0, 16)}`;
  return `${value.slice(0, limit - mark.length).toWellFormed()}${mark}`;
}

/** One part of a composite key: the characters that join parts are spelt `%XX`, so that parts cannot run together. */
export function keyPart(value: string): string {
  return value.replace(/[%/#|]/g, (joint) => `%${joint.charCodeAt(0).toString(16)}`);
}

/** The reverse of {@link keyPart}. */
export function fromKeyPart(part: string): string {
  return part.replace(/%(2[35f]|7c)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
