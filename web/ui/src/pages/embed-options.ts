import type { Language } from '../i18n/index.ts';
import type { Theme } from '../lib/theme.ts';

/** How a room stands in the page of another site: what the address of the frame says. docs/clients.md, "Embedding". */
export interface EmbedOptions {
  video: boolean;
  chat: boolean;
  /** false: nothing is fetched before somebody wants to watch. */
  autoplay: boolean;
  /** false: with sound where the browser lets it, else muted after all. */
  muted: boolean;
  controls: boolean;
  /** false: messages do not fly until they are switched on. */
  danmaku: boolean;
  theme: Theme;
  /** null: as the browser wishes. */
  lang: Language | null;
  /** Seconds of a recording, where it begins; 0: where the room says. */
  start: number;
}

const MOST_SECONDS = 7 * 24 * 3600;

/** Reads a frame's query. What is unknown, not understood or out of bounds is as if it were not there. */
export function embedOptions(query: string): EmbedOptions {
  const given = new URLSearchParams(query);
  const flag = (name: string, otherwise: boolean) => (given.get(name) === '0' ? false : given.get(name) === '1' ? true : otherwise);
  const [video, chat] = [flag('video', true), flag('chat', true)];
  const nothing = !video && !chat; // a frame of nothing is nobody's wish
  return {
    video: video || nothing,
    chat: chat || nothing,
    autoplay: flag('autoplay', true),
    muted: flag('muted', true),
    controls: flag('controls', true),
    danmaku: flag('danmaku', true),
    theme: oneOf(given.get('theme'), ['auto', 'light', 'dark']) ?? 'auto',
    lang: oneOf(given.get('lang'), ['en', 'zh']),
    start: startOf(given.get('start') ?? ''),
  };
}

const oneOf = <T extends string>(text: string | null, all: readonly T[]): T | null => all.find((one) => one === text) ?? null;

/** Seconds ("90", "90.5"), a clock ("1:02:03") or units ("1h2m3s"); 0 for anything else and for more than a week. */
export function startOf(text: string): number {
  const clock = /^(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})$/.exec(text);
  const units = /^(?=\d)(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,3})?)s?)?$/.exec(text);
  const found = clock ?? units;
  if (!found) return 0;
  const [hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as [number, number, number];
  const sum = hours * 3600 + minutes * 60 + seconds;
  return sum <= MOST_SECONDS ? sum : 0;
}
