/** Days as CloudTrail's keys spell them, `2026-11-02`, both included. */
export interface Days {
  readonly since?: string;
  readonly until?: string;
}

/** `…/CloudTrail/<region>/yyyy/mm/dd/…`, with as much of the date as is there; digests and insights are laid out alike. */
const DATED = /(?:^|\/)CloudTrail(?:-Digest|-Insight)?\/[a-z0-9-]+\/(\d{4})\/(?:(\d\d)\/(?:(\d\d)\/)?)?/;
const DIGEST = /(?:^|\/)CloudTrail-Digest\//;

/** The day, month or year that a key or the beginning of one is filed under, as CloudTrail lays out its logs; undefined elsewhere. */
export function periodOf(key: string): string | undefined {
  const [matched, ...parts] = DATED.exec(key) ?? [];
  return matched === undefined ? undefined : parts.filter((part) => part !== undefined).join('-');
}

/** False for what is filed under a day, month or year outside the days; what is not filed by date lies within. */
export function isWithin(key: string, { since, until }: Days): boolean {
  const period = periodOf(key);
  if (period === undefined) return true;
  // The month or year of `until` sorts before it as it stands.
  return (since === undefined || period >= since.slice(0, period.length)) && (until === undefined || period <= until);
}

/** True for the key of a digest file: it vouches for logs and holds no records. */
export function isDigest(key: string): boolean {
  return DIGEST.test(key);
}
