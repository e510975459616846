import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { store } from '../lib/storage.ts';
import type { RoomModel } from '../pages/room-model.ts';
import { detectSupport } from '../player/choose.ts';
import { PlayerController, type PlayerState } from '../player/controller.ts';
import { loadEngine } from '../player/engine.ts';
import { refusalOf } from '../player/refusal.ts';
import { scene as sceneOf } from '../status/record.ts';
import { Controls, toggleFullscreen, toggleMuted } from './controls.tsx';
import { DanmakuLayer } from './danmaku-layer.tsx';
import { GiftLaneLayer } from './gift-lane.tsx';
import { ShowLayer } from './show-layer.tsx';
import { lessMotion } from '../lib/motion.ts';
import { SceneOverlay } from './scene-overlay.tsx';
import type { Api } from '../api/client.ts';

/** Flying messages are movement: off for who asked the device for less of it, until switched on by hand. */
function wantsDanmaku(): boolean {
  const chosen = store.read('danmaku');
  if (chosen !== null) return chosen === 'on';
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** The picture with everything over it. */
export function Stage({ model, api }: { model: RoomModel; api: Api }): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<PlayerController | null>(null);
  const [playing, setPlaying] = useState<PlayerState>({ phase: 'idle', engine: null });
  const [danmaku, setDanmaku] = useState(wantsDanmaku);
  const subscribe = useCallback((listener: (text: string, own: boolean) => void) => model.onSaid(listener), [model]);
  const room = model.room.value;
  const record = model.status.value;
  const interaction = model.interaction.value;

  useEffect(() => {
    const element = video.current as HTMLVideoElement;
    element.muted = true; // the attribute alone is not enough for autoplay once scripts made the element
    const controller = new PlayerController({
      video: element,
      fetchPlay: () => api.play(model.room.value?.id ?? ''),
      session: () => model.session(),
      support: detectSupport(),
      load: loadEngine,
      refusalOf,
      page: location,
    });
    player.current = controller;
    const stops = [
      effect(() => setPlaying(controller.state.value)),
      effect(() => {
        const source = model.source.value;
        // The controller's own signals must not bring this effect back.
        queueMicrotask(() => controller.show(source));
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      controller.destroy();
    };
  }, [model, api]);

  const scene = record && sceneOf(record);
  const withControls = scene === 'live' || (scene === 'interrupted' && playing.phase === 'playing');
  const onKeyDown = (ev: KeyboardEvent) => {
    if (ev.ctrlKey || ev.metaKey || ev.altKey || (ev.target as HTMLElement).tagName === 'INPUT') return;
    if (ev.key === 'm') toggleMuted(video.current as HTMLVideoElement);
    else if (ev.key === 'f') toggleFullscreen(stage.current as HTMLDivElement, video.current as HTMLVideoElement);
    else return;
    ev.preventDefault();
  };
  const switchDanmaku = (on: boolean) => {
    setDanmaku(on);
    store.write('danmaku', on ? 'on' : 'off');
  };

  return (
    <div
      class="stage"
      ref={stage}
      role="region"
      aria-label={t('player')}
      data-testid="stage"
      data-scene={scene ?? ''}
      data-phase={playing.phase}
      data-engine={playing.engine ?? ''}
      onKeyDown={onKeyDown}
    >
      <video ref={video} playsInline muted controls={scene === 'playback' && playing.phase !== 'failed'} data-testid="video" />
      {danmaku && <DanmakuLayer subscribe={subscribe} />}
      <div class="overlays" role="status">
        {record && room && (
          <SceneOverlay
            room={room.id}
            record={record}
            scheduledAt={room.scheduledAt}
            phase={playing.phase}
            onRetry={() => player.current?.retry()}
          />
        )}
      </div>
      {interaction && !lessMotion.value && <ShowLayer room={interaction} />}
      {interaction && <GiftLaneLayer room={interaction} />}
      {withControls && <Controls video={video} stage={stage} danmaku={danmaku} onDanmaku={switchDanmaku} />}
    </div>
  );
}
