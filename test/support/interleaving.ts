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

/** Everything that could happen between handlers: runs `scenario` once for every order in which their calls may be made. */
export async function everyInterleaving(scenario: (gate: Gate) => Promise<void>): Promise<number> {
  const path: number[] = [];
  let runs = 0;
  do {
    const widths: number[] = [];
    const waiting: (() => void)[] = [];
    const gate: Gate = async (_step, call) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      await call();
    };
    const finished = scenario(gate);
    let failure: { readonly error: unknown } | undefined;
    finished.catch((error: unknown) => {
      failure = { error };
    });
    for (let step = 0; ; step += 1) {
      // All promises that can settle by themselves have settled once the event loop turns.
      await new Promise(setImmediate);
      if (waiting.length === 0) break;
      widths[step] = waiting.length;
      path[step] ??= 0;
      waiting.splice(path[step] ?? 0, 1)[0]?.();
    }
    if (failure !== undefined) throw new Error(`interleaving ${path.join(' ')}`, { cause: failure.error });
    await finished;
    runs += 1;
    path.length = widths.length;
    while (path.length > 0 && (path.at(-1) ?? 0) + 1 >= (widths[path.length - 1] ?? 0)) path.pop();
    if (path.length > 0) path[path.length - 1] = (path.at(-1) ?? 0) + 1;
  } while (path.length > 0);
  return runs;
}
