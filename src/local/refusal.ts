/** What a service answers instead of doing what it was asked. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** A refusal that blames the caller. */
export function refused(code: string, message: string, status = 400): Refusal {
  return { status, code, message };
}

/** Tells a refusal from what was read. */
export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'code' in value;
}
