import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const SLEEP_MS = 3000;
const TWICE_MS = 300; // two presses so close are one double press

export interface Presses {
  /** A press of a mouse on the picture. */
  once(): void;
  /** Two of a mouse or a finger; where, from left (0) to right (1). */
  twice(side: number): void;
}

/**
 * Whether the controls over a picture are to be seen: while a pointer moves there or a key is used, and a moment after. On a
 * touch screen a tap on the picture shows and hides them.
 */
export function useAwake(box: RefObject<HTMLElement | null>, presses: Presses): boolean {
  const [awake, setAwake] = useState(true);
  const act = useRef(presses);
  act.current = presses;
  useEffect(() => {
    const element = box.current as HTMLElement;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let seen = true;
    let last = -Infinity;
    const show = (on: boolean) => {
      clearTimeout(timer);
      if (on) timer = setTimeout(() => show(false), SLEEP_MS);
      setAwake((seen = on));
    };
    const wake = () => show(true);
    const onPicture = (ev: Event) => (ev.target as Element).closest('button, a, input, select, label, [data-panel]') === null;
    const click = (ev: MouseEvent) => {
      if (!onPicture(ev)) return;
      const touch = (ev as PointerEvent).pointerType === 'touch';
      const twice = ev.timeStamp - last < TWICE_MS;
      last = twice ? -Infinity : ev.timeStamp;
      const { left, width } = element.getBoundingClientRect();
      if (twice) act.current.twice((ev.clientX - left) / width);
      else if (touch) show(!seen);
      else act.current.once();
    };
    const listeners: [string, (ev: never) => void][] = [
      ['click', click],
      ['keydown', wake],
      ['focusin', wake],
      ['input', wake], // a finger that drags a slider moves no pointer that is listened to
      ['pointermove', (ev: PointerEvent) => ev.pointerType !== 'touch' && wake()],
      ['pointerleave', (ev: PointerEvent) => ev.pointerType !== 'touch' && show(false)],
      ['pointerdown', (ev: PointerEvent) => ev.pointerType === 'touch' && !onPicture(ev) && wake()],
    ];
    for (const [name, take] of listeners) element.addEventListener(name, take as EventListener);
    wake();
    return () => {
      clearTimeout(timer);
      for (const [name, take] of listeners) element.removeEventListener(name, take as EventListener);
    };
  }, [box]);
  return awake;
}
