import type { Message } from 'liveroom-sdk';
import type { StatusName, StatusRecord } from '../../src/api/types.ts';

const CODES: Record<StatusName, number> = { waiting: 1, live: 2, paused: 3, ended: 4, playback: 5 };

export function record(name: StatusName, version = 1, more: Partial<StatusRecord> = {}): StatusRecord {
  return {
    room: 'demo',
    epoch: '01J1',
    version,
    code: CODES[name],
    name,
    reason: 'created',
    detail: '',
    session: '',
    since: '2026-11-21T06:00:00.000Z',
    streamActive: name === 'live',
    graceUntil: null,
    playbackUrl: null,
    delay: 0,
    ...more,
  };
}

let made = 0;

/** A message as the SDK hands it out. */
export function message(text: string, more: Partial<Message> = {}): Message {
  const n = ++made;
  return {
    ID: `alice-${n}`, type: 'TIMTextElem', payload: { text }, elements: [{ type: 'TIMTextElem', payload: { text } }], conversationType: 'GROUP', conversationID: 'GROUPdemo',
    to: 'demo', from: 'alice', nick: 'Alice', avatar: '', flow: 'in', time: 1_790_000_000 + n, sequence: n, status: 'success', random: n, isRevoked: false,
    hasRiskContent: false, isHistory: false, isDegraded: false, ...more,
  } as Message;
}

/** One of a single element that is no text. */
export const element = (type: string, payload: object, more: Partial<Message> = {}): Message => message('', { type, payload, elements: [{ type, payload }], ...more });

export const statusMessage = (status: StatusRecord, from = 'administrator'): Message =>
  element('TIMCustomElem', { data: JSON.stringify({ type: 'live_status', ...status }), description: '', extension: '' }, { from, nick: '' });

/** A group tip, as the SDK makes it of an event. */
export const tip = (operationType: number, memberList: object[]): Message => element('TIMGroupTipElem', { operationType, memberList }, { from: '@TIM#SYSTEM' });
