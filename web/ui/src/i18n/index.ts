import { fetched, languageTag, type Stem } from './core.ts';
import type { en } from './en.ts';

export type Key = keyof typeof en;
export type PluralKey = Stem<Key>;

export { language, languages, languageTag, pickLanguage, setLanguage, speak, type Language } from './core.ts';

/** The texts of the viewer and the lobby, and what all pages share. */
export const { t, plural, ready, load: loadLanguage } = fetched<Key>(async (code) => (code === 'zh' ? (await import('./zh.ts')).zh : (await import('./en.ts')).en));

const NAMED = 3;

/** A few names as one says them; of many only how many more. */
export function names(all: readonly string[]): string {
  const said = all.length > NAMED ? [...all.slice(0, NAMED - 1), plural('others', all.length - NAMED + 1)] : [...all];
  return new Intl.ListFormat(languageTag(), { type: 'conjunction' }).format(said);
}

/** A moment (RFC 3339, or unix milliseconds) as a person says it: only the hour today, else with the day. */
export function when(moment: string | number, now = new Date()): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return '';
  const today = date.toDateString() === now.toDateString();
  const format: Intl.DateTimeFormatOptions = today
    ? { hour: 'numeric', minute: '2-digit' }
    : { month: 'short', day: 'numeric', weekday: 'short', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(languageTag(), format).format(date);
}

/** A number as short as it is still told apart: 999, 12.3K. */
export const compact = (n: number): string => new Intl.NumberFormat(languageTag(), n < 10_000 ? {} : { notation: 'compact', maximumFractionDigits: 1 }).format(n);

/** A number with at most so many digits behind the point. */
export const whole = (n: number, digits = 0): string => new Intl.NumberFormat(languageTag(), { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(n);

/** A sum of money, given in the smallest unit, to the last digit: who spends it reads all of it. */
export const amount = (minor: number): string =>
  new Intl.NumberFormat(languageTag(), { minimumFractionDigits: minor % 100 === 0 ? 0 : 2, maximumFractionDigits: 2 }).format(minor / 100);

/** The same as short as a counter shows it. */
export const compactAmount = (minor: number): string => (minor < 1_000_000 ? amount(minor) : compact(minor / 100));

/** A long time, as hours. */
export const hours = (seconds: number): string =>
  new Intl.NumberFormat(languageTag(), { style: 'unit', unit: 'hour', unitDisplay: 'short', maximumFractionDigits: seconds < 360_000 ? 1 : 0 }).format(seconds / 3600);

/** A short time. */
export const seconds = (n: number): string => new Intl.NumberFormat(languageTag(), { style: 'unit', unit: 'second', unitDisplay: 'short' }).format(n);

export const clock = (unixSeconds: number): string =>
  new Intl.DateTimeFormat(languageTag(), { hour: 'numeric', minute: '2-digit' }).format(unixSeconds * 1000);
