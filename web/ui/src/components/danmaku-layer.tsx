import type DanmakuEngine from 'danmaku';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { DanmakuGate } from './danmaku-gate.ts';

const MAX_LENGTH = 60;

/** Messages that fly over the picture, drawn on a canvas. The chat beside it has them all; here some may be left out. */
export function DanmakuLayer({ subscribe }: { subscribe(listener: (text: string, own: boolean) => void): () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const container = box.current as HTMLDivElement;
    const gate = new DanmakuGate();
    let engine: DanmakuEngine | null = null;
    let gone = false;
    const resizing = new ResizeObserver(() => engine?.resize());
    void import('danmaku/dist/esm/danmaku.canvas.js').then(({ default: Danmaku }) => {
      if (gone) return;
      engine = new Danmaku({ container, speed: 110 });
      resizing.observe(container);
    });
    const unsubscribe = subscribe((text, own) => {
      if (!engine || document.visibilityState === 'hidden' || !(own || gate.admits(text, Date.now()))) return;
      engine.emit({ text: text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text, style: look(container, own) });
      container.dataset.emitted = String(Number(container.dataset.emitted ?? 0) + 1);
    });
    return () => {
      gone = true;
      unsubscribe();
      resizing.disconnect();
      engine?.destroy();
    };
  }, [subscribe]);
  return <div class="danmaku" ref={box} aria-hidden="true" data-testid="danmaku" />;
}

function look(container: HTMLElement, own: boolean): CanvasRenderingContext2D {
  const size = Math.max(15, Math.min(26, Math.round(container.clientHeight / 18)));
  return {
    font: `600 ${size}px system-ui, "PingFang SC", "Microsoft YaHei", sans-serif`,
    fillStyle: own ? '#ffd75e' : '#ffffff',
    strokeStyle: 'rgba(0, 0, 0, 0.75)',
    lineWidth: 3,
    lineJoin: 'round',
    textBaseline: 'bottom',
  } as CanvasRenderingContext2D;
}
