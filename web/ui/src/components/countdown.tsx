import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t, when, type Key } from '../i18n/index.ts';

/** Splits a span into what a person reads: days only if there are some. */
export function split(ms: number): { value: string; unit: Key }[] {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, Key][] = [
    [Math.floor(seconds / 86_400), 'unit_days'],
    [Math.floor(seconds / 3600) % 24, 'unit_hours'],
    [Math.floor(seconds / 60) % 60, 'unit_minutes'],
    [seconds % 60, 'unit_seconds'],
  ];
  return parts
    .filter(([n, unit]) => unit !== 'unit_days' || n > 0)
    .map(([n, unit]) => ({ value: unit === 'unit_days' ? String(n) : String(n).padStart(2, '0'), unit }));
}

/** The time left until a scheduled start. */
export function Countdown({ until }: { until: string }): JSX.Element {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = Date.parse(until) - now;
  if (!(left > 0)) return <p class="due">{t('waiting_due')}</p>;
  return (
    <div class="countdown" data-testid="countdown">
      <p>{t('waiting_countdown')}</p>
      <p class="digits" role="timer" aria-live="off">
        {split(left).map(({ value, unit }) => (
          <span key={unit}>
            <b>{value}</b>
            <small>{t(unit)}</small>
          </span>
        ))}
      </p>
      <p>{t('starts_at', { time: when(until) })}</p>
    </div>
  );
}
