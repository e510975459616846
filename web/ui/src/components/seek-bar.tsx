import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/parts.ts';
import { clockOf } from '../lib/tick.ts';
import { togglePlay } from '../lib/video.ts';
import { depth, LEAST_BEHIND, near, type Shiftable } from '../player/recording.ts';
import { Pause, Play } from './icons.tsx';

export interface SeekBarProps {
  video: HTMLVideoElement;
  duration: number; // seconds, 0: as the video says
  onSeek(seconds: number): void;
}

/** Where a recording is. The slider is the browser's own: arrow keys, Home and End work by themselves. */
export function SeekBar({ video, duration, onSeek }: SeekBarProps): JSX.Element {
  const [at, setAt] = useState({ now: 0, end: duration, paused: true });
  const [held, setHeld] = useState<number | null>(null); // where the thumb is while it is dragged
  useEffect(() => {
    const look = () => {
      const end = Number.isFinite(video.duration) && video.duration > 0 ? video.duration : duration;
      setAt({ now: Math.min(video.currentTime, end), end, paused: video.paused || video.ended });
    };
    look();
    const events = ['timeupdate', 'seeking', 'durationchange', 'play', 'pause', 'ended'];
    for (const event of events) video.addEventListener(event, look);
    return () => {
      for (const event of events) video.removeEventListener(event, look);
    };
  }, [video, duration]);
  const now = Math.floor(held ?? at.now);
  const end = Math.floor(at.end);
  const text = t('seek_at', { at: clockOf(now), of: clockOf(end) });
  return (
    <div class="bar" data-testid="seek-bar" data-at={now} data-of={end}>
      <button type="button" onClick={() => togglePlay(video)} aria-label={at.paused ? t('play') : t('pause')} title={at.paused ? t('play') : t('pause')} data-testid="play-pause">
        {at.paused ? <Play /> : <Pause />}
      </button>
      <input
        class="bar-line"
        type="range"
        min="0"
        max={end}
        step="1"
        value={now}
        aria-label={t('seek')}
        aria-valuetext={text}
        data-testid="seek"
        onInput={(ev) => setHeld(Number(ev.currentTarget.value))}
        onChange={(ev) => {
          const to = Number(ev.currentTarget.value);
          setHeld(null);
          setAt({ ...at, now: to }); // before the video says so: a key that is held goes on from there
          onSeek(to);
        }}
      />
      <span class="bar-time number" aria-hidden="true">
        {clockOf(now)} / {clockOf(end)}
      </span>
    </div>
  );
}

/** Seconds that a key goes back. Between live and the nearest place before it there is nothing. */
const STEPS: Record<string, number> = { ArrowLeft: 15, ArrowDown: 15, ArrowRight: -15, ArrowUp: -15, PageDown: 120, PageUp: -120 };

export interface ShiftBarProps {
  shiftable: Shiftable;
  behind: number; // seconds
  delay: number; // seconds by which everybody sees it later
  onShift(seconds: number): void;
}

/** How far behind the others one watches what is live. */
export function ShiftBar({ shiftable, behind, delay, onShift }: ShiftBarProps): JSX.Element | null {
  const [, tick] = useState(0);
  const [held, setHeld] = useState<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 5000); // there is more to go back to
    return () => clearInterval(timer);
  }, []);
  const most = Math.max(depth(shiftable, delay), behind);
  if (most === 0) return null;
  const shown = held ?? behind;
  const words = shown > 0 ? t('behind_live', { time: clockOf(shown) }) : t('at_live');
  const snapped = (value: string): number => near(-Number(value));
  return (
    <div class="bar" data-testid="shift-bar" data-behind={behind} data-most={most}>
      <input
        class="bar-line"
        type="range"
        min={-most}
        max="0"
        step="1"
        value={-shown}
        aria-label={t('shift')}
        aria-valuetext={words}
        data-testid="shift"
        onKeyDown={(ev) => {
          const by = STEPS[ev.key];
          if (by === undefined) return;
          ev.preventDefault();
          const next = behind + by;
          onShift(next < LEAST_BEHIND ? (by > 0 ? LEAST_BEHIND : 0) : Math.min(next, most));
        }}
        onInput={(ev) => setHeld(snapped(ev.currentTarget.value))}
        onChange={(ev) => {
          setHeld(null);
          onShift(snapped(ev.currentTarget.value));
        }}
      />
      <span class="bar-time number" title={words} data-testid="behind">
        {shown > 0 ? `−${clockOf(shown)}` : t('at_live')}
      </span>
      {behind > 0 && (
        <button type="button" class="bar-live" onClick={() => onShift(0)} data-testid="back-to-live">
          {t('back_to_live')}
        </button>
      )}
    </div>
  );
}
