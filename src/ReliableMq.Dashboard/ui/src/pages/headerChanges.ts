export interface HeaderRow { name: string; value: string; isNew: boolean; isRemoved: boolean }

/** What differs from the headers as they came; null takes one away. */
export function changesOf(original: Record<string, string>, rows: HeaderRow[]) {
  const changes: Record<string, string | null> = {};
  for (const { name, value, isRemoved } of rows) {
    const key = name.trim();
    if (!key) continue;
    if (isRemoved) changes[key] = null;
    else if (original[key] !== value) changes[key] = value;
  }
  return changes;
}
