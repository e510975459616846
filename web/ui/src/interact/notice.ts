import { webAddress } from '../lib/address.ts';

/** What a notice says: text, and pictures behind web addresses. */
export interface Notice {
  text: string;
  images: string[];
}

const MOST_IMAGES = 6;

/** A notice is text, or the JSON of a text and pictures and nothing else: what is not wholly of that form is the text that somebody wrote, as the server has it (`chat/notice`). */
export function parseNotice(notice: string): Notice {
  return formOf(notice) ?? { text: notice, images: [] };
}

function formOf(notice: string): Notice | undefined {
  if (!notice.trimStart().startsWith('{')) return undefined;
  let said: { text?: unknown; images?: unknown };
  try {
    said = JSON.parse(notice) as typeof said;
  } catch {
    return undefined;
  }
  const names = Object.keys(said);
  const { text = '', images = [] } = said;
  if (names.length === 0 || names.some((name) => name !== 'text' && name !== 'images') || typeof text !== 'string') return undefined;
  if (!Array.isArray(images) || images.length > MOST_IMAGES || !images.every(isPicture)) return undefined;
  return { text, images: [...new Set(images)] };
}

function isPicture(image: unknown): image is string {
  if (typeof image !== 'string' || webAddress(image) === '' || /[\s\\]/.test(image)) return false;
  return image.startsWith('/') || (/^https?:\/\/[^/]/.test(image) && new URL(image).username === '');
}
