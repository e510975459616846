import type { StatusName, StatusRecord } from '../api/types.ts';

/** What a viewer is shown, which is finer than the status: a pause is either meant or an interruption. */
export type Scene = 'waiting' | 'live' | 'interrupted' | 'paused' | 'ended' | 'playback';

export function scene(record: Pick<StatusRecord, 'name' | 'reason'>): Scene {
  if (record.name !== 'paused') return record.name;
  return record.reason === 'by_anchor' || record.reason === 'by_admin' ? 'paused' : 'interrupted';
}

/** Sequence of the machine's names for sorting a lobby: what can be watched now comes first. */
export function rank(record: Pick<StatusRecord, 'name'>): number {
  const order: Record<StatusName, number> = { live: 0, paused: 1, waiting: 2, playback: 3, ended: 4 };
  return order[record.name];
}
