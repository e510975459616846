import type { Log, Row } from './log.ts';

/** What of a log is drawn. The log keeps more, and a page that draws all of it each time can't follow a full room. */
export interface View {
  rows: readonly Row[];
  /** Messages there had been when it was last at the end: those after it are unread. */
  said: number;
  reading: boolean;
}

export const FOLLOWED = 60; // rows at the end of the log: two screens
export const STEP = 60; // rows more, when the reader comes to the first
export const READ_MOST = 360; // rows a reader may have before him; what comes then waits

/** The end of the log. */
export const follow = (log: Log): View => ({ rows: log.rows.slice(-FOLLOWED), said: log.said, reading: false });

/**
 * What a reader of older rows has before him, in a log that went on: what he reads stays where it is, though the log has
 * dropped it, and new rows come below while there is room. Only what was taken back goes.
 */
export function read(view: View, log: Log): View {
  if (log.said < view.said) return follow(log); // another log: the room was entered anew
  const places = new Map(log.rows.map((row, i) => [row.key, i]));
  const kept = view.rows.findIndex((row) => places.has(row.key));
  const gone = new Set(log.gone);
  const old = (kept < 0 ? view.rows : view.rows.slice(0, kept)).filter((row) => !gone.has(row.key));
  const rest = kept < 0 ? [] : log.rows.slice(places.get((view.rows[kept] as Row).key));
  return { rows: [...old, ...rest].slice(0, Math.max(READ_MOST, view.rows.length)), said: view.said, reading: true };
}

/** The same with more rows above, where the log has some. */
export function older(view: View, log: Log): View {
  const first = view.rows[0];
  const at = first ? log.rows.findIndex((row) => row.key === first.key) : -1;
  return at <= 0 ? view : { ...view, rows: [...log.rows.slice(Math.max(0, at - STEP), at), ...view.rows] };
}

/** How many messages came since the reader left the end. */
export const unread = (view: View, log: Log): number => (view.reading ? Math.max(0, log.said - view.said) : 0);
