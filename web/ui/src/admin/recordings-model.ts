import type { Schemas } from '../api/http.ts';
import type { Tone } from '../design/callout.tsx';
import { secondsOf } from '../lib/duration.ts';
import type { ServerKey } from './server-texts.ts';

export type Recording = Schemas['RecordingBody'];
export type Export = Schemas['ExportBody'];

export const STATES = ['recording', 'finishing', 'done', 'failed'] as const satisfies readonly Recording['state'][];

export const TONES: Record<Recording['state'] | Export['state'], Tone> = { recording: 'warn', finishing: 'note', waiting: 'note', running: 'note', done: 'good', failed: 'bad' };

/** Seconds of a place in a recording as one types it: 90, 1:30, 1:02:03.5; null: it is none. '' is null too. */
export function placeOf(text: string): number | null {
  const typed = text.trim().replace(',', '.');
  if (!/^(\d+:){0,2}\d+(\.\d{1,3})?$/.test(typed)) return null;
  const parts = typed.split(':').map(Number);
  if (parts.slice(1).some((part) => part >= 60)) return null;
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** The same as it is shown: 1:30, 1:02:03.5. */
export function placeText(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const [h, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, Math.floor(tenths / 10) % 60];
  const rest = tenths % 10 === 0 ? '' : `.${tenths % 10}`;
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}${rest}` : `${m}:${two(s)}${rest}`;
}

export interface PartForm {
  from: string;
  to: string;
  title: string;
}

/** What is at fault with a part of a recording that lasts so many seconds; a cut must leave something out. */
export function partFaults(form: PartForm, duration: number): Partial<Record<keyof PartForm, ServerKey>> {
  const faults: Partial<Record<keyof PartForm, ServerKey>> = {};
  const [from, to] = [placeOf(form.from), placeOf(form.to)];
  if (form.from.trim() !== '' && from === null) faults.from = 'fault_place';
  if (form.to.trim() !== '' && to === null) faults.to = 'fault_place';
  if (from !== null && from >= duration) faults.from = 'fault_after_end';
  if (from !== null && to !== null && to <= from) faults.to = 'fault_part';
  return faults;
}

/** Where a part begins and ends, as the server reads it; what is left empty is left out. */
export function partOf(form: PartForm): { from?: string; to?: string } {
  const [from, to] = [placeOf(form.from), placeOf(form.to)];
  return { ...(from !== null && from > 0 ? { from: `${Math.round(from * 1000)}ms` } : {}), ...(to !== null ? { to: `${Math.round(to * 1000)}ms` } : {}) };
}

export const underWay = (exports: readonly Export[]): boolean => exports.some((one) => one.state === 'waiting' || one.state === 'running');

export const lengthOf = (one: Recording): number => secondsOf(one.duration);

export interface Usage {
  count: number;
  bytes: number;
  seconds: number;
  /** There are more, which were not counted. */
  more: boolean;
}

/** Adds up what recordings take, page by page. */
export async function usageOf(page: (cursor: string) => Promise<{ recordings: Recording[]; nextCursor?: string }>, pages = 20): Promise<Usage> {
  const usage: Usage = { count: 0, bytes: 0, seconds: 0, more: false };
  let cursor = '';
  for (let n = 0; n < pages; n++) {
    const { recordings, nextCursor = '' } = await page(cursor);
    for (const one of recordings) {
      usage.count++;
      usage.bytes += one.bytes;
      usage.seconds += lengthOf(one);
    }
    if (nextCursor === '' || nextCursor === cursor) return usage;
    cursor = nextCursor;
  }
  return { ...usage, more: true };
}
