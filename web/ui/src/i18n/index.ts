import { signal } from '@preact/signals';
import { store } from '../lib/storage.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type Key = keyof typeof en;
export type Language = 'en' | 'zh';
/** The plural texts by their common stem: `online` for online_one and online_other. */
export type PluralKey = Key extends infer K ? (K extends `${infer Stem}_other` ? Stem : never) : never;

const dictionaries: Record<Language, Record<Key, string>> = { en, zh };
const tags: Record<Language, string> = { en: 'en', zh: 'zh-CN' };

export const languages: readonly { code: Language; name: string; tag: string }[] = [
  { code: 'en', name: 'English', tag: tags.en },
  { code: 'zh', name: '中文', tag: tags.zh },
];

/** The first language of the browser that the pages speak. */
export function pickLanguage(wanted: readonly string[], remembered: string | null): Language {
  if (remembered === 'en' || remembered === 'zh') return remembered;
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'zh' || primary === 'en') return primary;
  }
  return 'en';
}

export const language = signal<Language>(
  pickLanguage(typeof navigator === 'undefined' ? [] : navigator.languages, store.read('language')),
);

export const languageTag = (): string => tags[language.value];

/** Chooses a language and remembers the choice. */
export function setLanguage(code: Language): void {
  language.value = code;
  store.write('language', code);
}

/** The text of a key in the present language, with {names} filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return dictionaries[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** The text in the plural form that belongs to n; {n} becomes the number as the language writes it. */
export function plural(stem: PluralKey, n: number, values: Record<string, string> = {}): string {
  const tag = languageTag();
  const form = new Intl.PluralRules(tag).select(n) === 'one' ? 'one' : 'other';
  return t(`${stem}_${form}` as Key, { ...values, n: new Intl.NumberFormat(tag).format(n) });
}

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

export { en, zh };
