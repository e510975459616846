import type { Schemas } from '../api/http.ts';
import { serverTime } from './room-form.ts';

export type Entry = Schemas['AuditEntry'];

/** What the log is looked through for; as in the address of the page. */
export interface Filter {
  room: string;
  by: string;
  target: string;
  action: string;
  since: string; // as a form has it, in the reader's time zone
  until: string;
}

export const FIELDS = ['room', 'by', 'target', 'action', 'since', 'until'] as const satisfies readonly (keyof Filter)[];

export const noFilter: Filter = { room: '', by: '', target: '', action: '', since: '', until: '' };

/** The acts that there are, by what they are about (docs/api.md). The field takes others too. */
export const ACTIONS: readonly string[] = [
  'pause', 'resume', 'end', 'reopen', 'drop', 'forbid', 'permit', 'playback', 'room_create', 'room_change', 'room_delete',
  'mute', 'unmute', 'kick', 'ban', 'unban', 'role', 'silence', 'recall', 'verdict', 'settings', 'group', 'notification', 'create', 'dismiss',
  'broadcast', 'broadcast_schedule', 'broadcast_cancel', 'robots_add', 'robots_remove',
  'account_import', 'account_profile', 'account_kick', 'account_delete', 'level_adjust', 'membership',
  'draw_start', 'draw_end', 'draw_cancel', 'playback_plan', 'playback_remove', 'pull_add', 'pull_change', 'pull_delete', 'relay_add', 'relay_change', 'relay_delete',
  'recording_start', 'recording_stop', 'recording_change', 'recording_delete', 'recording_cut', 'recording_export', 'recording_export_delete',
  'callback_create', 'callback_change', 'callback_delete', 'callback_test', 'callback_replay', 'callback_dead_delete',
  'message_type_put', 'message_type_delete', 'words_add', 'words_replace', 'words_delete', 'gift_put', 'gift_delete', 'settings_change',
  'key_rotate', 'key_revoke', 'key_reveal', 'keys_configured', 'usersig_make', 'sign_in', 'sign_out', 'sign_out_all', 'link_make', 'link_use',
];

/** The server's query for a filter: only what is given. */
export function queryOf(filter: Filter): { room?: string; by?: string; target?: string; action?: string; since?: string; until?: string } {
  const query: Record<string, string> = {};
  for (const field of FIELDS) {
    const value = field === 'since' || field === 'until' ? (serverTime(filter[field]) ?? '') : filter[field].trim();
    if (value !== '') query[field] = value;
  }
  return query;
}

/** What an act tells besides, one thing a line, in order. */
export const detailsOf = (entry: Entry): [string, string][] => Object.entries(entry.detail).filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));

/** 4294967295 seconds is for ever (docs/api.md). */
export const FOREVER = '4294967295';

const HEAD = ['seq', 'at', 'by', 'action', 'target', 'room', 'group', 'platform', 'address', 'detail'];

/**
 * The acts as a table for a spreadsheet (RFC 4180, with a byte order mark: without it Excel takes UTF-8 for something else).
 * What a program would take for a formula is set off by an apostrophe: names and reasons come from strangers.
 */
export function csvOf(entries: readonly Entry[]): string {
  const rows = entries.map((e) => [String(e.seq), e.at, e.by, e.action, e.target, e.room, e.group, e.platform, e.address, detailsOf(e).map(([k, v]) => `${k}=${v}`).join('; ')]);
  return `\ufeff${[HEAD, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Most acts of one file. */
export const MOST = 20_000;

export interface Gathered {
  entries: Entry[];
  /** There are more that match. */
  more: boolean;
}

/** Reads all pages, newest first, up to `most`. */
export async function gather(page: (cursor: string) => Promise<{ acts: Entry[]; nextCursor?: string }>, onSome: (n: number) => void, most = MOST): Promise<Gathered> {
  const entries: Entry[] = [];
  for (let cursor = ''; ; ) {
    const { acts, nextCursor = '' } = await page(cursor);
    entries.push(...acts);
    onSome(Math.min(entries.length, most));
    if (entries.length >= most) return { entries: entries.slice(0, most), more: entries.length > most || nextCursor !== '' };
    if (nextCursor === '' || nextCursor === cursor) return { entries, more: false };
    cursor = nextCursor;
  }
}
