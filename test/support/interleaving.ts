import type { Ledger } from '../../src/ports.ts';

/** What stands before every call to the outside: it decides when, or whether, the call is made. */
export type Gate = (step: string, call: () => Promise<unknown>) => Promise<void>;

/** The ledger with every method behind the gate. */
export function gatedLedger(ledger: Ledger, gate: Gate): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      // A stream is no single call.
      if (typeof member !== 'function') return member;
      if (name === 'openGrants' || name === 'openGrantsOf') return member.bind(target);
      return async (...given: unknown[]) => {
        let result: unknown;
        await gate(String(name), async () => {
          result = await Reflect.apply(member, target, given);
        });
        return result;
      };
    },
  });
}

/**
 * Everything that could happen between handlers: runs `scenario` once for every order in which their calls may be made,
 * one at a time. With `switches`, for every order that leaves a handler in the middle of its work at most so often.
 */
export async function everyInterleaving(scenario: (gate: Gate) => Promise<void>, switches = Number.POSITIVE_INFINITY): Promise<number> {
  /** At each step, whose call is made: 0 is that of whoever came to the gate last. */
  const path: number[] = [];
  let runs = 0;
  do {
    const widths: number[] = [];
    const waiting: (() => void)[] = [];
    let came: () => void = () => {};
    let made: Promise<unknown> = Promise.resolve();
    const gate: Gate = async (_step, call) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        came();
      });
      made = call();
      await made;
    };
    let failure: { readonly error: unknown } | undefined;
    const finished = scenario(gate).catch((error: unknown) => {
      failure = { error };
    });
    const over = finished.then(() => true);
    let switched = 0;
    for (let step = 0; ; step += 1) {
      await made.catch(() => {});
      // All promises that can settle by themselves have settled once the event loop turns.
      await new Promise(setImmediate);
      const coming = new Promise<false>((resolve) => {
        came = () => resolve(false);
      });
      if (waiting.length === 0 && (await Promise.race([over, coming]))) break;
      await new Promise(setImmediate);
      widths[step] = switched < switches ? waiting.length : 1;
      const chosen = path[step] ?? 0;
      path[step] = chosen;
      if (chosen > 0 && step > 0) switched += 1;
      waiting.splice(waiting.length - 1 - chosen, 1)[0]?.();
      // It makes its call before anybody else may.
      await Promise.resolve();
    }
    if (failure !== undefined) throw new Error(`interleaving ${path.join(' ')}`, { cause: failure.error });
    runs += 1;
    path.length = widths.length;
    while (path.length > 0 && (path.at(-1) ?? 0) + 1 >= (widths[path.length - 1] ?? 0)) path.pop();
    if (path.length > 0) path[path.length - 1] = (path.at(-1) ?? 0) + 1;
  } while (path.length > 0);
  return runs;
}
