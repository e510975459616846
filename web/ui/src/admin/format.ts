import { languageTag } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';

const number = (n: number, options: Intl.NumberFormatOptions = {}): string => new Intl.NumberFormat(languageTag(), options).format(n);

/** A whole number as the reader writes it. */
export const whole = (n: number): string => number(Math.round(n));

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** An amount of memory or disk, to three figures: 1.5 GB (of 1,000 each). */
export function size(bytes: number): string {
  let n = Math.max(0, bytes);
  let at = 0;
  while (n >= 999.5 && at < SIZES.length - 1) {
    n /= 1000;
    at++;
  }
  return number(n, { style: 'unit', unit: SIZES[at] as string, unitDisplay: at === 0 ? 'narrow' : 'short', maximumSignificantDigits: 3 });
}

/** A rate of a stream: 2.4 Mbit/s. The unit is read the same everywhere. */
export function bits(perSecond: number): string {
  const mega = perSecond >= 999_500;
  return `${number(mega ? perSecond / 1e6 : perSecond / 1e3, { maximumFractionDigits: mega ? 1 : 0 })} ${mega ? 'Mbit/s' : 'kbit/s'}`;
}

/** A length of time as one says it, its two largest parts: 2 d 4 h, 3 min 5 s. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(s / 86_400), 'day'],
    [Math.floor(s / 3600) % 24, 'hour'],
    [Math.floor(s / 60) % 60, 'minute'],
    [s % 60, 'second'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return unit(0, 'second');
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, name]) => unit(n, name))
    .join(' ');
}

const unit = (n: number, name: string): string => number(n, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 1 });

/** The same of a length of time as the server writes it; up to ten seconds with tenths. */
export function spanOf(length: string | null | undefined): string {
  const s = secondsOf(length);
  return s > 0 && s < 10 ? unit(Math.round(s * 10) / 10, 'second') : span(s);
}

/** A moment to the second, with its day: for logs, where every one counts. '' for none. */
export function moment(at: string | null | undefined): string {
  const date = new Date(at ?? NaN);
  if (Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(languageTag(), { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }).format(date);
}

/** How long ago something was, or until when, by the given clock: 3 min ago, in 2 h. */
export function ago(at: string | null | undefined, now: number): string {
  const then = new Date(at ?? NaN).getTime();
  if (Number.isNaN(then)) return '';
  const seconds = (then - now) / 1000;
  const size = Math.abs(seconds);
  const [n, name] = size < 60 ? [seconds, 'second'] : size < 3600 ? [seconds / 60, 'minute'] : size < 86_400 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day'];
  return new Intl.RelativeTimeFormat(languageTag(), { numeric: 'auto', style: 'short' }).format(Math.trunc(n as number), name as Intl.RelativeTimeFormatUnit);
}
