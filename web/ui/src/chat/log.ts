import { giftResult, liveStatus, TYPES, type GiftResult, type LevelInfo, type Message } from 'liveroom-sdk';
import type { StatusRecord } from '../api/types.ts';
import type { Key } from '../i18n/index.ts';
import { parseRecord, reduce } from '../status/newest.ts';
import { scene } from '../status/record.ts';
import { partsOf, type Part } from './parts.ts';

export type SendState = 'sent' | 'sending' | 'failed';

export interface MessageRow {
  kind: 'message';
  key: string;
  from: string;
  nick: string;
  avatar: string;
  level: number; // 0: none
  badge: string;
  parts: readonly Part[];
  time: number; // unix seconds
  own: boolean;
  state: SendState;
  error?: Key; // when failed
  progress?: number; // 0…1 while a file goes up
  at?: number; // seconds of the recording that is played back, of what was said then
  message: Message;
}

/** A change of status as the chat tells it. */
export interface StatusRow {
  kind: 'status';
  key: string;
  record: StatusRecord;
  time: number;
}

/** Somebody as he is called. */
export interface Named {
  user: string;
  nick: string;
}

/** Who came and went, one after the other, in one line. */
export interface CrowdRow {
  kind: 'crowd';
  key: string;
  joined: readonly Named[];
  left: readonly Named[];
  time: number;
}

/** What somebody who keeps order did. */
export interface ActRow {
  kind: 'act';
  key: string;
  say: Key;
  who: string;
  time: number;
}

/** What the operator tells everybody. */
export interface SystemRow {
  kind: 'system';
  key: string;
  text: string;
}

/** One run of a gift, as far as it was told. */
export interface GiftEntry {
  run: string;
  user: string;
  nick: string;
  gift: GiftResult['gift'];
  total: number;
}

/** What was given one after the other, in one line: the last runs, and how many gifts there were before them. */
export interface GiftsRow {
  kind: 'gifts';
  key: string;
  entries: readonly GiftEntry[];
  more: number;
  time: number; // of the last
}

/** Something nice that happened to somebody. */
export interface NewsRow {
  kind: 'news';
  key: string;
  say: Key;
  values: Record<string, string | number>;
}

/** Messages were missed here. */
export interface GapRow {
  kind: 'gap';
  key: string;
}

export type Row = MessageRow | StatusRow | CrowdRow | ActRow | SystemRow | GiftsRow | NewsRow | GapRow;

/** What one page shows of a room's chat, oldest first. Values are never changed in place. */
export interface Log {
  rows: readonly Row[];
  gaps: number; // how many there ever were
  said: number; // messages there ever were
  gone: readonly string[]; // keys of the last rows that were taken back
}

export const LOG_LIMIT = 300;
const GONE = 300; // remembered
const RUNS = 3; // told in one line
const TIPPED_LATE = 10; // seconds: who comes is told now and then, what he says or gives at once

export const emptyLog: Log = { rows: [], gaps: 0, said: 0, gone: [] };

/** Adds rows in order. One that is there already is left out; neighbouring lines about who came and went become one, and nobody comes in after he spoke. */
export function added(log: Log, fresh: readonly Row[]): Log {
  const rows = log.rows.slice();
  const known = new Set(rows.map((row) => row.key));
  let { said } = log;
  for (const row of fresh) {
    if (known.has(row.key) || (row.kind === 'status' && !isNews(rows, row))) continue;
    known.add(row.key);
    if (row.kind === 'message') said++;
    if (row.kind === 'crowd') tell(rows, row);
    else if (row.kind === 'gifts') give(rows, row);
    else rows.push(row);
  }
  return { ...log, said, rows: bounded(rows.filter((row) => row.kind !== 'crowd' || row.joined.length + row.left.length > 0)) };
}

/** Whether a change of status is one to readers. Where an anchor who has paused stops pushing, the room looks as before. */
function isNews(rows: readonly Row[], { record }: StatusRow): boolean {
  const last = rows.findLast((row): row is StatusRow => row.kind === 'status')?.record;
  return !last || (reduce(last, record) === record && (scene(record) !== scene(last) || record.session !== last.session));
}

/** Takes out what was said in a recording. */
export const withoutPast = (log: Log): Log => without(log, new Set(log.rows.flatMap((row) => (row.kind === 'message' && row.at !== undefined ? [row.key] : []))));

/** Tells who came and went: at the end, or before the first word or gift of who came just now. */
function tell(rows: Row[], row: CrowdRow): void {
  const came = new Set(row.joined.map(({ user }) => user));
  let at = rows.length;
  for (let i = rows.length - 1; i >= 0; i--) {
    const before = rows[i] as Row;
    if (before.kind === 'gap' || (before.kind === 'crowd' && before.left.some(({ user }) => came.has(user)))) break;
    if (before.kind === 'message' || before.kind === 'gifts') {
      if (before.time < row.time - TIPPED_LATE) break;
      if (before.kind === 'message' ? came.has(before.from) : before.entries.some(({ user }) => came.has(user))) at = i;
    }
  }
  const last = rows[at - 1];
  if (last?.kind === 'crowd') rows[at - 1] = crowd(last, row);
  else rows.splice(at, 0, row);
}

/** Who comes and goes again leaves nothing to tell. */
function crowd(a: CrowdRow, b: CrowdRow): CrowdRow {
  const without = (all: readonly Named[], others: readonly Named[]) => all.filter(({ user }) => !others.some((other) => other.user === user));
  return {
    ...a,
    joined: [...without(a.joined, b.left), ...without(b.joined, [...a.left, ...a.joined])],
    left: [...without(a.left, b.joined), ...without(b.left, [...a.joined, ...a.left])],
  };
}

/** Puts gifts into the line of those before them; a run stays in its line though somebody came or rose meanwhile. */
function give(rows: Row[], row: GiftsRow): void {
  let at = rows.length - 1;
  const goesOn = (r: GiftsRow) => row.entries.every(({ run }) => r.entries.some((e) => e.run === run));
  while (at > 0 && !['gifts', 'message', 'gap'].includes((rows[at] as Row).kind)) at--;
  const line = rows[at];
  if (line?.kind === 'gifts' && (at === rows.length - 1 || goesOn(line))) rows[at] = gifts(line, row);
  else rows.push(row);
}

/** A run that goes on grows in its place; of many runs the last are told. */
function gifts(a: GiftsRow, b: GiftsRow): GiftsRow {
  const entries = [...a.entries];
  let { more } = a;
  for (const entry of b.entries) {
    const at = entries.findIndex((e) => e.run === entry.run);
    const known = entries[at];
    if (known) entries[at] = { ...entry, total: entry.run.startsWith('=') ? known.total + entry.total : Math.max(known.total, entry.total) };
    else entries.push(entry);
  }
  while (entries.length > RUNS) more += (entries.shift() as GiftEntry).total;
  return { ...a, entries, more, time: b.time };
}

/** Messages were lost between the rows so far and what comes. Where nothing was shown yet, nothing is missing. */
export function gapped(log: Log): Log {
  const last = log.rows.at(-1);
  if (!last || last.kind === 'gap') return log;
  return { ...log, rows: bounded([...log.rows, { kind: 'gap', key: `gap-${log.gaps}` }]), gaps: log.gaps + 1 };
}

/** Changes the row of one message. */
export function changed(log: Log, key: string, change: (row: MessageRow) => MessageRow): Log {
  return { ...log, rows: log.rows.map((row) => (row.kind === 'message' && row.key === key ? change(row) : row)) };
}

/** Messages that were taken back: nobody reads them any more. */
export function withdrawn(log: Log, messages: readonly Message[]): Log {
  return without(log, new Set(messages.map((m) => m.ID)));
}

const without = (log: Log, keys: ReadonlySet<string>): Log =>
  keys.size === 0 ? log : { ...log, rows: log.rows.filter((row) => !keys.has(row.key)), gone: [...log.gone, ...keys].slice(-GONE) };

/** Somebody is called otherwise from now on, in what was said before too. */
export function renamed(log: Log, user: string, nick: string, avatar: string): Log {
  return { ...log, rows: log.rows.map((row) => (row.kind === 'message' && row.from === user ? { ...row, nick: nick || user, avatar } : row)) };
}

/** The name under which somebody spoke last; the account where nobody knows. */
export const nameOf = (log: Log, user: string): string =>
  log.rows.findLast((row): row is MessageRow => row.kind === 'message' && row.from === user)?.nick ?? user;

/** The row of what somebody said; null where there is nothing to read. */
export function messageRow(message: Message, state: SendState = 'sent'): MessageRow | null {
  const parts = partsOf(message);
  if (parts.length === 0) return null;
  const { ID, from, nick, avatar, time, flow, level = 0, badge = '' } = message;
  return { kind: 'message', key: ID, from, nick: nick || from, avatar, level, badge, parts, time, own: flow === 'out', state, message };
}

/** The row of whatever came over the room's conversation; null for what is not for readers. */
export function rowOf(message: Message, keepsOrder: boolean, log: Log, anchor = ''): Row | null {
  if (message.type === TYPES.MSG_GRP_TIP) return tipRow(message, keepsOrder, log);
  const gift = giftResult(message);
  if (gift) {
    const { userID, nick } = gift.from;
    // Gifts that are no run are added up while they follow each other; a run says its own total.
    const run = gift.combo ? `${userID} ${gift.combo}` : `= ${userID} ${gift.gift.id}`;
    return { kind: 'gifts', key: message.ID, entries: [{ run, user: userID, nick: nick || userID, gift: gift.gift, total: gift.comboTotal }], more: 0, time: message.time };
  }
  const follows = followed(message);
  if (follows !== '') {
    // Anybody may send these, and no filter of words reads them: whom nobody knows here is no name, but what somebody wrote.
    if (follows !== anchor && !log.rows.some((row) => row.kind === 'message' && row.from === follows)) return null;
    return { kind: 'news', key: message.ID, say: 'news_follow', values: { nick: message.nick || message.from, who: nameOf(log, follows) } };
  }
  const status = liveStatus(message);
  if (status) {
    const record = parseRecord(status);
    // That a room was made is no news to those who are in it.
    return record && record.reason !== 'created' ? { kind: 'status', key: message.ID, record, time: message.time } : null;
  }
  return messageRow(message);
}

/** Whom the sender of a message follows from now on; '' for any other message. */
function followed(message: Message): string {
  if (message.type !== TYPES.MSG_CUSTOM) return '';
  try {
    const { type, user } = JSON.parse(String(message.payload?.data)) as { type?: unknown; user?: unknown };
    return type === 'follow' && typeof user === 'string' ? user : '';
  } catch {
    return '';
  }
}

/** Somebody reached another level. */
export function levelRow({ userID, nick, level }: LevelInfo): NewsRow {
  return { kind: 'news', key: `level-${userID}-${level}`, say: 'news_level', values: { nick: nick || userID, n: level } };
}

/** What the operator tells; what is made for programs (JSON) is not for readers. */
export function systemRow(message: Message): SystemRow | null {
  const text = String(message.payload?.userDefinedField ?? '').trim();
  return text === '' || /^[[{]/.test(text) ? null : { kind: 'system', key: message.ID, text };
}

interface Tipped {
  userID: string;
  nick?: string;
  muteTime?: number;
}

const CROWD: Record<number, 'joined' | 'left'> = { [TYPES.GRP_TIP_MBR_JOIN]: 'joined', [TYPES.GRP_TIP_MBR_QUIT]: 'left' };
const ACTS: Record<number, Key> = {
  [TYPES.GRP_TIP_MBR_KICKED_OUT]: 'act_kicked',
  [TYPES.GRP_TIP_MBR_SET_ADMIN]: 'act_admin',
  [TYPES.GRP_TIP_MBR_CANCELED_ADMIN]: 'act_no_admin',
  [TYPES.GRP_TIP_BAN_AVCHATROOM_MEMBER]: 'act_banned',
  [TYPES.GRP_TIP_UNBAN_AVCHATROOM_MEMBER]: 'act_unbanned',
};

/** Who comes and goes is told to all, what was done to somebody only to those who keep order. */
function tipRow(message: Message, keepsOrder: boolean, log: Log): Row | null {
  const { operationType, memberList = [] } = message.payload as { operationType: number; memberList?: Tipped[] };
  const all = memberList.map((m) => ({ user: m.userID, nick: m.nick || nameOf(log, m.userID) }));
  if (all.length === 0) return null;
  const way = CROWD[operationType];
  if (way) return { kind: 'crowd', key: message.ID, joined: [], left: [], time: message.time, [way]: all };
  const muted = operationType === TYPES.GRP_TIP_MBR_PROFILE_UPDATED;
  const say = muted ? (memberList[0]?.muteTime ? 'act_muted' : 'act_unmuted') : ACTS[operationType];
  return say && keepsOrder ? { kind: 'act', key: message.ID, say, who: all.map(({ nick }) => nick).join(', '), time: message.time } : null;
}

const bounded = (rows: Row[]): Row[] => (rows.length > LOG_LIMIT ? rows.slice(rows.length - LOG_LIMIT) : rows);
