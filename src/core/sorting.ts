/** Sorts by the ids of each element, the first that differs deciding. */
export function sortedBy<T>(elements: Iterable<T>, ids: (element: T) => readonly string[]): T[] {
  return [...elements]
    .map((element) => ({ element, ids: ids(element) }))
    .sort((a, b) => compareIds(a.ids, b.ids))
    .map(({ element }) => element);
}

/** The elements by what they have in common. */
export function grouped<T, K>(elements: Iterable<T>, id: (element: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const element of elements) addTo(groups, id(element), element);
  return groups;
}

/** Adds an element to its group. */
export function addTo<T, K>(groups: Map<K, T[]>, id: K, element: T): void {
  const group = groups.get(id);
  if (group === undefined) groups.set(id, [element]);
  else group.push(element);
}

/** Orders texts by their code units. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Orders ids, the first that differs deciding. */
export function compareIds(a: readonly string[], b: readonly string[]): number {
  // Stryker disable next-line StringLiteral: both have as many.
  return a.reduce((decided, id, index) => decided || byText(id, b[index] ?? ''), 0);
}
