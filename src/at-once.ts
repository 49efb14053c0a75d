/** More at once only wait for each other: one process asks a table about a thousand questions a second. */
const AT_ONCE = 16;

/** Asks the same of each of many, many at once; the answers in their order. The first fault is thrown. */
export async function askAll<T, A>(all: readonly T[], ask: (one: T) => Promise<A>): Promise<A[]> {
  const answers: A[] = [];
  let next = 0;
  const asker = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) {
      const one = all[index];
      if (one !== undefined) answers[index] = await ask(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, asker));
  return answers;
}
