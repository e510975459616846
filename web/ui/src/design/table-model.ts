/** By which column a table is in order. */
export interface Sort {
  key: string;
  down: boolean;
}

/** The order after a press on a column: another column begins as it wishes, the same one turns around. */
export const sorted = (now: Sort | null, key: string, downFirst = false): Sort => ({ key, down: now?.key === key ? !now.down : downFirst });

/** Rows in order, by text as the language has it or by number; equal ones stay as they were, unknown ones come last. */
export function inOrder<Row>(rows: readonly Row[], by: (row: Row) => string | number | null | undefined, down: boolean, tag = 'en'): Row[] {
  const text = new Intl.Collator(tag, { numeric: true });
  const unknown = (v: unknown) => v === null || v === undefined || v === '';
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (unknown(x) || unknown(y)) return Number(unknown(x)) - Number(unknown(y));
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : text.compare(String(x), String(y));
    return down ? -order : order;
  });
}

/** Whether all, some or none of the rows shown are selected. */
export function selection(keys: readonly string[], selected: ReadonlySet<string>): 'all' | 'some' | 'none' {
  const n = keys.filter((key) => selected.has(key)).length;
  return n === 0 ? 'none' : n === keys.length ? 'all' : 'some';
}

/** The selection after all rows shown were ticked, or unticked; those of other pages stay. */
export function turnedAll(keys: readonly string[], selected: ReadonlySet<string>): Set<string> {
  const next = new Set(selected);
  const on = selection(keys, selected) !== 'all';
  for (const key of keys) if (on) next.add(key);
  else next.delete(key);
  return next;
}

export function turned(key: string, selected: ReadonlySet<string>): Set<string> {
  const next = new Set(selected);
  if (!next.delete(key)) next.add(key);
  return next;
}
