import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Callout } from '../design/callout.tsx';
import type { List } from '../design/list.ts';
import { Spinner } from '../design/spinner.tsx';
import { Pager } from '../design/table.tsx';

/** Reads the present page of a list again when something has happened that may have changed it. */
export function useReload(list: List<unknown>, on: unknown): void {
  useEffect(() => {
    if (list.rows) void list.reload();
  }, [on]);
}

/** A list of the room as it is known: its rows, or that there are none, with why it can't be had beside it. */
export function Kept<Row>({ list, label, none, children }: { list: List<Row>; label: string; none: ComponentChildren; children(rows: readonly Row[]): ComponentChildren }): JSX.Element {
  const { rows, state } = list;
  return (
    <>
      {state === 'error' && <Callout kind="bad">{list.error}</Callout>}
      {!rows && state === 'loading' && <Spinner />}
      {rows && (rows.length > 0 ? children(rows) : none)}
      {(list.hasNext || list.hasPrevious) && <Pager label={label} page={list.page} hasPrevious={list.hasPrevious} hasNext={list.hasNext} onPrevious={() => void list.previous()} onNext={() => void list.next()} />}
    </>
  );
}
