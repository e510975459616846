import type { StatusRecord } from '../api/types.ts';
import { parseRecord } from '../status/record.ts';
import { messageText, serverData, type ChatMessage } from './wire.ts';

export type SendState = 'sent' | 'sending' | 'failed';

export interface MessageRow {
  kind: 'message';
  key: string;
  seq: number; // 0 while the room has not numbered it
  from: string;
  nick: string;
  text: string;
  time: number; // unix seconds
  random: number;
  own: boolean;
  state: SendState;
  error?: string; // i18n key when failed
}

/** A change of status as the chat tells it. */
export interface StatusRow {
  kind: 'status';
  key: string;
  record: StatusRecord;
  time: number;
}

/** Messages were missed here. */
export interface GapRow {
  kind: 'gap';
  key: string;
}

export type Row = MessageRow | StatusRow | GapRow;

/** What one page shows of a room's chat. Values are never changed in place. */
export interface Log {
  rows: readonly Row[];
  epoch: string;
  lastSeq: number;
  keys: number; // how many keys were given out
}

export const LOG_LIMIT = 300;

export const emptyLog: Log = { rows: [], epoch: '', lastSeq: 0, keys: 0 };

/** Adds what the room delivered, in order. Numbers already seen are left out; one's own message takes the place of its pending row. */
export function received(log: Log, messages: readonly ChatMessage[], me: string): Log {
  const rows = log.rows.slice();
  let { lastSeq, keys } = log;
  for (const message of messages) {
    if (message.seq > 0) {
      if (message.seq <= lastSeq) {
        settle(rows, message, me);
        continue;
      }
      lastSeq = message.seq;
    }
    if (settle(rows, message, me)) continue;
    const row = toRow(message, me, `r${keys}`);
    if (!row) continue;
    keys++;
    rows.push(row);
  }
  return { ...log, rows: bounded(rows), lastSeq, keys };
}

/** Marks the pending row of one's own message as delivered; false when there is none. */
function settle(rows: Row[], message: ChatMessage, me: string): boolean {
  if (message.from !== me || me === '') return false;
  const at = rows.findLastIndex((row) => row.kind === 'message' && row.own && row.random === message.random);
  const row = rows[at];
  if (row?.kind !== 'message') return false;
  const { error: _, ...rest } = row;
  rows[at] = { ...rest, seq: message.seq || row.seq, time: message.time || row.time, text: messageText(message), state: 'sent' };
  return true;
}

function toRow(message: ChatMessage, me: string, key: string): Row | null {
  const data = serverData(message);
  if (data) {
    const record = data.type === 'live_status' ? parseRecord(data) : null;
    // That a room was made is no news to those who are in it.
    return record && record.reason !== 'created' ? { kind: 'status', key, record, time: message.time } : null;
  }
  const text = messageText(message);
  if (text === '') return null;
  const { seq, from, nick, time, random } = message;
  return { kind: 'message', key, seq, from, nick: nick || from, text, time, random, own: from === me && me !== '', state: 'sent' };
}

/** What `join` answered: history for a newcomer, or what was missed. */
export interface Joined {
  epoch: string;
  seq: number;
  complete: boolean;
  messages: readonly ChatMessage[];
}

/** Takes in a join or resume. A line marks the place where messages are missing. */
export function joined(log: Log, answer: Joined, me: string): Log {
  const resumed = log.epoch !== '';
  const sameEpoch = log.epoch === answer.epoch;
  let next: Log = { ...log, epoch: answer.epoch, lastSeq: sameEpoch ? log.lastSeq : 0 };
  // Another epoch: the old numbers mean nothing, so nothing can be told to be complete.
  if (resumed && (!sameEpoch || !answer.complete) && log.rows.length > 0) {
    next = { ...next, rows: bounded([...next.rows, { kind: 'gap', key: `r${next.keys}` }]), keys: next.keys + 1 };
  }
  next = received(next, answer.messages, me);
  return { ...next, lastSeq: Math.max(next.lastSeq, answer.seq) };
}

/** Shows one's own message at once. */
export function pending(log: Log, own: { random: number; from: string; nick: string; text: string; time: number }): Log {
  const row: MessageRow = { kind: 'message', key: `r${log.keys}`, seq: 0, own: true, state: 'sending', ...own };
  return { ...log, rows: bounded([...log.rows, row]), keys: log.keys + 1 };
}

/** Records what became of one's own message. An accepted one keeps seq 0 until the room echoes it (it may have been dropped). */
export function settled(log: Log, random: number, state: SendState, error?: string): Log {
  const rows = log.rows.map((row) => {
    if (row.kind !== 'message' || !row.own || row.random !== random || row.seq > 0) return row;
    const { error: _, ...rest } = row;
    return error === undefined ? { ...rest, state } : { ...rest, state, error };
  });
  return { ...log, rows };
}

const bounded = (rows: Row[]): Row[] => (rows.length > LOG_LIMIT ? rows.slice(rows.length - LOG_LIMIT) : rows);
