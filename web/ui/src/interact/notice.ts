import { webAddress } from '../chat/parts.ts';

/** What a notice says: text, and pictures behind web addresses. */
export interface Notice {
  text: string;
  images: string[];
}

const MOST_IMAGES = 6;

/** A notice is text, or JSON of text and pictures. What looks like JSON and is not is the text that somebody wrote. */
export function parseNotice(notice: string): Notice {
  if (!notice.trimStart().startsWith('{')) return { text: notice, images: [] };
  try {
    const { text, images } = JSON.parse(notice) as { text?: unknown; images?: unknown };
    if (typeof text !== 'string' && !Array.isArray(images)) return { text: notice, images: [] };
    return { text: typeof text === 'string' ? text : '', images: [...new Set((Array.isArray(images) ? images : []).map(webAddress))].filter((url) => url !== '').slice(0, MOST_IMAGES) };
  } catch {
    return { text: notice, images: [] };
  }
}
