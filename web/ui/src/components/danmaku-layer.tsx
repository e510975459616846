import { effect } from '@preact/signals';
import Danmaku from 'danmaku/dist/esm/danmaku.canvas.js';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { flight, PER_SECOND, SCALE } from '../lib/danmaku.ts';
import { Flights } from './danmaku-flights.ts';
import { DanmakuGate } from './danmaku-gate.ts';

const MAX_LENGTH = 60;
const SPEED = 110; // CSS pixels a second

export type Said = (text: string, own: boolean) => void;

interface DanmakuLayerProps {
  /** Called with each text; returns how to end that. */
  subscribe(listener: Said): () => void;
  /** What was said first, before this was here. */
  first: [text: string, own: boolean];
}

/** Messages that fly over the picture, drawn on a canvas. The chat beside it has them all; here some may be left out. */
export function DanmakuLayer({ subscribe, first }: DanmakuLayerProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => start(box.current as HTMLDivElement, subscribe, first), [subscribe]);
  return <div class="danmaku" ref={box} aria-hidden="true" data-testid="danmaku" />;
}

function start(container: HTMLDivElement, subscribe: DanmakuLayerProps['subscribe'], first: DanmakuLayerProps['first']): () => void {
  const flights = new Flights(
    () => new Danmaku({ container, speed: SPEED }),
    () => (container.clientWidth / SPEED) * 1000,
  );
  let gate = new DanmakuGate();
  const resizing = new ResizeObserver(() => flights.resize());
  resizing.observe(container);
  const stop = effect(() => {
    gate = new DanmakuGate(PER_SECOND[flight.value.density]);
    container.style.opacity = String(flight.value.opacity / 100);
    container.dataset.flight = Object.values(flight.value).join(' ');
  });
  const say: Said = (text, own) => {
    if (document.visibilityState === 'hidden' || !(own || gate.admits(text, Date.now()))) return;
    flights.emit({ text: text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text, style: look(container, own) });
    container.dataset.emitted = String(Number(container.dataset.emitted ?? 0) + 1);
  };
  const unsubscribe = subscribe(say);
  say(...first);
  return () => {
    stop();
    unsubscribe();
    resizing.disconnect();
    flights.end();
  };
}

function look(container: HTMLElement, own: boolean): CanvasRenderingContext2D {
  const size = Math.round(Math.max(15, Math.min(26, container.clientHeight / 18)) * SCALE[flight.peek().size]);
  return {
    font: `600 ${size}px system-ui, "PingFang SC", "Microsoft YaHei", sans-serif`,
    fillStyle: own ? '#ffd75e' : '#ffffff',
    strokeStyle: 'rgba(0, 0, 0, 0.75)',
    lineWidth: 3,
    lineJoin: 'round',
    textBaseline: 'bottom',
  } as CanvasRenderingContext2D;
}
