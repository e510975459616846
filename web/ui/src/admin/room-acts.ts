import type { StatusRecord } from '../api/types.ts';

/** What an operator may do to a room's status (design: the status machine). */
export type Act = 'pause' | 'resume' | 'end' | 'reopen' | 'playback' | 'drop' | 'forbid' | 'permit';

export const ACTS: readonly Act[] = ['pause', 'resume', 'end', 'reopen', 'playback', 'drop', 'forbid', 'permit'];

/** Whether pushes are forbidden, as the server says it of one room; absent where it does not say. */
export interface Barred {
  forbidden: boolean;
}

/**
 * What would change something just now, the nearest first. What is refused by the table is not offered. Lists do not say who is
 * forbidden: of a room that ended so nobody knows whether it was permitted since, and its own page tells.
 */
export function actsFor(record: Pick<StatusRecord, 'name' | 'reason' | 'streamActive'>, barred: Barred | null = null): Act[] {
  const forbidden = barred?.forbidden ?? false;
  const bar: Act[] = forbidden ? ['permit'] : ['forbid'];
  switch (record.name) {
    case 'waiting':
      return forbidden ? ['permit', 'playback', 'end'] : ['playback', 'end', 'forbid'];
    case 'live':
      return ['pause', 'end', 'drop', ...bar];
    case 'paused':
      return [...(byHand(record) ? (['resume'] as const) : []), ...(byHand(record) ? [] : (['pause'] as const)), 'end', ...(record.streamActive ? (['drop'] as const) : []), ...bar];
    case 'ended':
      if (!barred && record.reason === 'forbidden') return ['playback'];
      return forbidden ? ['permit', 'playback'] : ['reopen', 'playback', 'forbid'];
    case 'playback':
      return ['end', ...(forbidden ? [] : (['reopen'] as const)), 'playback', ...bar];
  }
}

const byHand = (record: Pick<StatusRecord, 'reason'>): boolean => record.reason === 'by_anchor' || record.reason === 'by_admin';

/** What takes something from viewers, or can't be taken back, is asked for first. */
export const grave = (act: Act): boolean => act === 'end' || act === 'forbid' || act === 'drop';
