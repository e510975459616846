// The frames of the chat WebSocket (docs/protocol.md), read with distrust: a frame of another shape is ignored.

export const ADMINISTRATOR = 'administrator';

export interface ChatMessage {
  type: 'message';
  seq: number;
  time: number; // unix seconds
  from: string;
  nick: string;
  random: number;
  body: BodyElement[];
}

export interface BodyElement {
  MsgType: string;
  MsgContent: Record<string, unknown>;
}

export interface StateEvent {
  type: 'event';
  event: string;
  version: number;
  data: Record<string, unknown>;
}

export type Item = ChatMessage | StateEvent;

export interface Reply {
  reply: number;
  code: number;
  error?: string;
  detail?: string;
  temporary?: boolean;
  [field: string]: unknown;
}

export type Frame =
  | { kind: 'reply'; reply: Reply }
  | { kind: 'batch'; group: string; items: Item[] }
  | { kind: 'close'; reason: string; reconnect: boolean; afterMs: number };

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const number = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? v : 0);

export function parseFrame(raw: unknown): Frame | null {
  if (typeof raw !== 'string') return null;
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  if (typeof value.reply === 'number' && typeof value.code === 'number') return { kind: 'reply', reply: value as Reply };
  if (value.push === 'batch') return { kind: 'batch', group: text(value.group), items: parseItems(value.items) };
  if (value.push === 'close') {
    return {
      kind: 'close',
      reason: text(value.reason),
      reconnect: value.reconnect !== false,
      afterMs: Math.max(0, number(value.afterMs)),
    };
  }
  return null;
}

export function parseItems(value: unknown): Item[] {
  if (!Array.isArray(value)) return [];
  return value.map(parseItem).filter((item): item is Item => item !== null);
}

function parseItem(value: unknown): Item | null {
  if (!isObject(value)) return null;
  if (value.type === 'event') {
    return { type: 'event', event: text(value.event), version: number(value.version), data: isObject(value.data) ? value.data : {} };
  }
  // A joiner's history may leave the type out: it is all messages.
  if (value.type !== 'message' && value.type !== undefined) return null;
  if (typeof value.from !== 'string' || !Array.isArray(value.body)) return null;
  return {
    type: 'message',
    seq: number(value.seq),
    time: number(value.time),
    from: value.from,
    nick: text(value.nick),
    random: number(value.random),
    body: value.body.filter(
      (e): e is BodyElement => isObject(e) && typeof e.MsgType === 'string' && isObject(e.MsgContent),
    ),
  };
}

/** What a message says in plain text; empty when it has none (custom messages, pictures). */
export function messageText(message: ChatMessage): string {
  return message.body
    .filter((element) => element.MsgType === 'TIMTextElem')
    .map((element) => text(element.MsgContent.Text))
    .join('');
}

/** The JSON a custom message of the server carries. Anyone may send a custom message: only the administrator's counts. */
export function serverData(message: ChatMessage): Json | null {
  if (message.from !== ADMINISTRATOR) return null;
  for (const element of message.body) {
    if (element.MsgType !== 'TIMCustomElem') continue;
    try {
      const data: unknown = JSON.parse(text(element.MsgContent.Data));
      if (isObject(data) && typeof data.type === 'string') return data;
    } catch {
      // Not for us.
    }
  }
  return null;
}
