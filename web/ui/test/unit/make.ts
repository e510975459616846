import type { StatusName, StatusRecord } from '../../src/api/types.ts';
import type { ChatMessage } from '../../src/chat/wire.ts';

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
    ...more,
  };
}

export function message(seq: number, text: string, more: Partial<ChatMessage> = {}): ChatMessage {
  return {
    type: 'message',
    seq,
    time: 1_790_000_000 + seq,
    from: 'alice',
    nick: 'Alice',
    random: 1000 + seq,
    body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }],
    ...more,
  };
}

export function statusMessage(seq: number, status: StatusRecord, from = 'administrator'): ChatMessage {
  return message(seq, '', {
    from,
    nick: '',
    body: [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify({ type: 'live_status', ...status }) } }],
  });
}
