import type { Playback, TimeShift } from '../api/types.ts';
import { secondsOf } from '../lib/duration.ts';

/** A recording of ours as the player knows it. Times are seconds. */
export interface Recording {
  loop: boolean;
  startAt: number;
  duration: number; // 0: not known before it is loaded
  mp4: string;
}

export function recordingOf(playback: Playback): Recording {
  const duration = secondsOf(playback.duration);
  const startAt = secondsOf(playback.startAt);
  return { loop: playback.loop === true, startAt: duration > 0 && startAt >= duration ? 0 : startAt, duration, mp4: playback.mp4 ?? '' };
}

/** How far back what is live may be watched. */
export interface Shiftable {
  hls: string;
  oldest: number; // unix ms of the oldest moment there was when it was asked
  window: number; // seconds
}

export function shiftableOf(shift: TimeShift | null | undefined): Shiftable | null {
  const oldest = Date.parse(shift?.from ?? '');
  const window = secondsOf(shift?.window);
  return shift?.hls && window > 0 && Number.isFinite(oldest) ? { hls: shift.hls, oldest, window } : null;
}

/** The least one may go back, in seconds: the server has it so. */
export const LEAST_BEHIND = 30;

/** How many seconds behind live one may go now: what is `delay` seconds old is what others see just now. */
export function depth(shift: Shiftable, delay: number, now = Date.now()): number {
  const most = Math.min(shift.window, (now - shift.oldest) / 1000) - delay - 1;
  return most > LEAST_BEHIND ? Math.floor(most) : 0;
}

/** The nearest place one may watch from: with the others, or far enough behind them. */
export const near = (seconds: number): number => (seconds < LEAST_BEHIND / 2 ? 0 : Math.max(LEAST_BEHIND, Math.round(seconds)));

/** Where the chat beside a media playlist is read. */
export const chatBeside = (playlist: string): string => {
  const url = new URL('chat', playlist);
  url.search = new URL(playlist).search;
  return url.href;
};

/** The same of a multivariant playlist, which begins a session of its own; '' where that can't be had. */
export async function chatOf(multivariant: string, fetcher: typeof fetch = fetch): Promise<string> {
  const answer = await fetcher(multivariant, { cache: 'no-store', credentials: 'omit' });
  if (!answer.ok) return '';
  const entry = (await answer.text()).split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'));
  return entry ? chatBeside(new URL(entry.trim(), answer.url || multivariant).href) : '';
}
