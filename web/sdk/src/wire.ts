// The frames of the chat protocol (docs/protocol.md), read with distrust: what has another shape is left out.

/** Who speaks for the server. What others send in its manner counts for nothing. */
export const ADMINISTRATOR = 'administrator';

/** "Forever" in unix seconds. */
export const FOREVER = 4294967295;

export type Json = Record<string, unknown>;

export interface Element {
  MsgType: string;
  MsgContent: Json;
}

export interface WireMessage {
  seq: number;
  time: number; // unix seconds
  from: string;
  nick: string;
  avatar: string;
  priority: string;
  random: number;
  body: Element[];
  cloudCustomData: string;
  withdrawn: string; // "recalled", "blocked" or ''
  broadcast: boolean; // to all groups
  degraded: boolean; // without sequence, for want of the store
  level: number;
  badge: string;
}

export interface WireEvent {
  event: string;
  version: number;
  data: Json;
}

export type Item = { message: WireMessage; event?: undefined } | { event: WireEvent; message?: undefined };

export interface Reply {
  reply: number;
  code: number;
  error?: string;
  detail?: string;
  field?: string;
  temporary?: boolean;
  until?: number;
  nextAt?: number;
  [field: string]: unknown;
}

export type Push =
  | { push: 'batch'; group: string; items: Item[] }
  | { push: 'close'; reason: string; type: string; detail: string; reconnect: boolean; afterMs: number }
  | { push: 'left'; group: string; reason: string; by: string; detail: string; until: number }
  | { push: 'c2c'; message: WireMessage & { to: string } }
  | { push: 'gift'; order: Json };

export type Frame = { reply: Reply; push?: undefined } | { push: Push; reply?: undefined };

export const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
export const text = (v: unknown): string => (typeof v === 'string' ? v : '');
/** What is no object counts as an empty one. */
export const object = (v: unknown): Json => (isObject(v) ? v : {});

export const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);

/** Those of a list that are objects. */
export const objects = (v: unknown): Json[] => list(v).filter(isObject);
export const texts = (v: unknown): string[] => list(v).filter((s): s is string => typeof s === 'string');

/** A number, also one written in decimal digits (int64 beyond JavaScript's reach loses its last digits). */
export function number(v: unknown): number {
  const n = typeof v === 'string' && v !== '' ? Number(v) : v;
  return typeof n === 'number' && Number.isFinite(n) ? n : 0;
}

/** An object of strings. */
export function strings(v: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (isObject(v)) for (const [key, value] of Object.entries(v)) if (typeof value === 'string') found[key] = value;
  return found;
}

/** An object of numbers. */
export function numbers(v: unknown): Record<string, number> {
  const found: Record<string, number> = {};
  if (isObject(v)) for (const [key, value] of Object.entries(v)) found[key] = number(value);
  return found;
}

/** A point in time in unix seconds, from seconds, milliseconds or RFC 3339. */
export function seconds(v: unknown): number {
  if (typeof v === 'string' && Number.isNaN(Number(v))) return Math.floor((Date.parse(v) || 0) / 1000);
  const n = number(v);
  return n > 1e11 ? Math.floor(n / 1000) : n;
}

export function parseJson(raw: unknown): unknown {
  try {
    return typeof raw === 'string' ? JSON.parse(raw) : undefined;
  } catch {
    return undefined;
  }
}

export function parseFrame(raw: unknown): Frame | null {
  const value = parseJson(raw);
  if (!isObject(value)) return null;
  if (typeof value.reply === 'number' && typeof value.code === 'number') return { reply: value as Reply };
  const push = parsePush(value);
  return push && { push };
}

function parsePush(value: Json): Push | null {
  switch (value.push) {
    case 'batch':
      return { push: 'batch', group: text(value.group), items: parseItems(value.items) };
    case 'close':
      return {
        push: 'close', reason: text(value.reason), type: text(value.type), detail: text(value.detail),
        reconnect: value.reconnect !== false, afterMs: Math.max(0, number(value.afterMs)),
      };
    case 'left':
      return {
        push: 'left', group: text(value.group), reason: text(value.reason), by: text(value.by), detail: text(value.detail),
        until: number(value.until),
      };
    case 'c2c': {
      const message = isObject(value.message) ? parseMessage(value.message) : null;
      return message && { push: 'c2c', message: { ...message, to: text((value.message as Json).to) } };
    }
    case 'gift':
      return isObject(value.order) ? { push: 'gift', order: value.order } : null;
    default:
      return null;
  }
}

export function parseItems(value: unknown): Item[] {
  const items: Item[] = [];
  for (const item of list(value)) {
    if (!isObject(item)) continue;
    if (item.type === 'event') {
      items.push({ event: { event: text(item.event), version: number(item.version), data: object(item.data) } });
    } else if (item.type === 'message' || item.type === undefined) {
      const message = parseMessage(item);
      if (message) items.push({ message });
    }
  }
  return items;
}

/** The messages of a history. */
export const parseMessages = (value: unknown): WireMessage[] => parseItems(value).flatMap((item) => (item.message ? [item.message] : []));

function parseMessage(value: Json): WireMessage | null {
  if (typeof value.from !== 'string' || !Array.isArray(value.body)) return null;
  return {
    seq: number(value.seq), time: seconds(value.time), from: value.from, nick: text(value.nick), avatar: text(value.avatar),
    priority: text(value.priority) || 'Normal', random: number(value.random), body: parseBody(value.body),
    cloudCustomData: text(value.cloudCustomData), withdrawn: text(value.withdrawn), broadcast: value.broadcast === true,
    degraded: value.degraded === true, level: number(value.level), badge: text(value.badge),
  };
}

export const parseBody = (value: unknown): Element[] =>
  list(value).filter((e): e is Element & Json => isObject(e) && typeof e.MsgType === 'string' && isObject(e.MsgContent));
