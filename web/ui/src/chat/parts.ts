import { TYPES, type Message } from 'liveroom-sdk';
import { webAddress } from '../lib/address.ts';

/** What of a message a page shows, piece by piece. Addresses in it are http or https, whatever was sent. */
export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'image'; thumb: string; url: string; width: number; height: number }
  | { kind: 'sound'; url: string; seconds: number }
  | { kind: 'video'; url: string; poster: string; seconds: number }
  | { kind: 'file'; url: string; name: string; bytes: number };

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const number = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) && v > 0 ? v : 0);

/** What a message says to a reader; empty where there is nothing for people in it (custom messages, what was withdrawn). */
export function partsOf(message: Message): Part[] {
  if (message.isRevoked || message.hasRiskContent) return [];
  return message.elements.flatMap(({ type, payload }) => part(type, isObject(payload) ? payload : {}) ?? []);
}

function part(type: string, p: Json): Part | null {
  switch (type) {
    case TYPES.MSG_TEXT:
      return text(p.text) ? { kind: 'text', text: text(p.text) } : null;
    case TYPES.MSG_FACE: // which picture an index means is known to the site that sent it
      return { kind: 'text', text: text(p.data) || `[${String(p.index)}]` };
    case TYPES.MSG_LOCATION:
      return { kind: 'text', text: `📍 ${text(p.description)}`.trim() };
    case TYPES.MSG_IMAGE:
      return image(Array.isArray(p.imageInfoArray) ? p.imageInfoArray.filter(isObject) : []);
    case TYPES.MSG_SOUND:
      return { kind: 'sound', url: webAddress(p.url), seconds: number(p.second) };
    case TYPES.MSG_VIDEO:
      return { kind: 'video', url: webAddress(p.videoUrl), poster: webAddress(p.snapshotUrl), seconds: number(p.videoSecond) };
    case TYPES.MSG_FILE:
      return { kind: 'file', url: webAddress(p.fileUrl), name: text(p.fileName), bytes: number(p.fileSize) };
    default:
      return null;
  }
}

function image(sizes: Json[]): Part {
  const url = (type: number) => webAddress(sizes.find((size) => size.type === type)?.url);
  const original = url(0) || url(2) || url(1);
  const thumb = url(1) || original;
  const { width, height } = sizes.find((size) => size.type === (url(1) ? 1 : 0)) ?? {};
  return { kind: 'image', thumb, url: original, width: number(width), height: number(height) };
}

/** The words in it, for flying over the picture. */
export const wordsOf = (parts: readonly Part[]): string => parts.map((p) => (p.kind === 'text' ? p.text : '')).join('');
