/** What has the same key, together; the keys in the order in which they first come. */
export function grouped<T>(all: readonly T[], keyOf: (each: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = found.get(key);
    if (group) group.push(each);
    else found.set(key, [each]);
  }
  return [...found];
}
