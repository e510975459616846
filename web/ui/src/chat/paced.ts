import { effect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Log } from './log.ts';

const ROW_MS = 2; // what drawing one row may take
const LONGEST_MS = 250;

/** How long to leave the page in peace after so many messages were drawn at once: none while single ones come. */
export const rest = (messages: number): number => Math.min(LONGEST_MS, messages * ROW_MS);

/** More than anybody can read, or have read out. */
export const isFlood = (messages: number): boolean => rest(messages) >= LONGEST_MS / 2;

/**
 * The log as it is to be drawn: once a frame at most, and a few times a second while thousands of messages come, so
 * that those in between are never drawn. Nothing is drawn in a page that nobody sees.
 */
export function usePaced(log: ReadonlySignal<Log>): { log: Log; flood: boolean } {
  const [shown, show] = useState(() => ({ log: log.peek(), flood: false }));
  useEffect(() => {
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let drawn = shown.log;
    let notBefore = 0;
    const draw = () => {
      frame = 0;
      const now = log.peek();
      const fresh = Math.max(0, now.said - drawn.said);
      drawn = now;
      notBefore = performance.now() + rest(fresh);
      show({ log: now, flood: isFlood(fresh) });
    };
    const stop = effect(() => {
      if (log.value === drawn || frame !== 0 || timer !== undefined) return;
      const wait = notBefore - performance.now();
      const soon = () => {
        timer = undefined;
        frame = requestAnimationFrame(draw);
      };
      if (wait > 0) timer = setTimeout(soon, wait);
      else soon();
    });
    return () => {
      stop();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [log]);
  return shown;
}
