import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../api/client.ts';
import { t } from '../i18n/index.ts';
import type { Interaction, Show } from '../interact/interaction.ts';
import { lazy } from '../lib/lazy.tsx';
import { lessMotion } from '../lib/motion.ts';
import { store } from '../lib/storage.ts';
import type { RoomModel } from '../pages/room-model.ts';
import { detectSupport } from '../player/choose.ts';
import { PlayerController, type PlayerState, type Source } from '../player/controller.ts';
import { loadEngine } from '../player/engine.ts';
import { refusalOf } from '../player/refusal.ts';
import type { Remote } from '../player/remote.ts';
import { scene as sceneOf } from '../status/record.ts';
import { Controls, toggleFullscreen, toggleMuted, togglePlay } from './controls.tsx';
import { DanmakuLayer } from './danmaku-layer.tsx';
import { GiftLaneLayer } from './gift-lane.tsx';
import { SceneOverlay } from './scene-overlay.tsx';

const ShowLayer = lazy(() => import('./show-layer.tsx').then((m) => m.ShowLayer));

const NOTHING: Source = { kind: 'none' };

/** Flying messages are movement: off for who asked the device for less of it, until switched on by hand. */
function wantsDanmaku(): boolean {
  const chosen = store.read('danmaku');
  if (chosen !== null) return chosen === 'on';
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** The picture with everything over it. In a frame of another page it has a remote, which says how it begins. */
export function Stage({ model, api, remote }: { model: RoomModel; api: Api; remote?: Remote }): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<PlayerController | null>(null);
  const [playing, setPlaying] = useState<PlayerState>({ phase: 'idle', engine: null });
  const [danmaku, setDanmaku] = useState(() => remote?.options.danmaku !== false && wantsDanmaku());
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
      start: remote?.options.start ?? 0,
    });
    player.current = controller;
    const stops = [
      remote?.take(controller, element) ?? (() => {}),
      effect(() => setPlaying(controller.state.value)),
      effect(() => {
        const source = remote?.held.value ? NOTHING : model.source.value;
        // The controller's own signals must not bring this effect back.
        queueMicrotask(() => controller.show(source));
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      controller.destroy();
    };
  }, [model, api, remote]);

  const controller = player.current;
  const recording = controller?.recording.value ?? null;
  useEffect(() => {
    if (!recording || !controller) return;
    let gone = false;
    let stop = () => {};
    void import('../chat/replay.ts').then(({ replayChat }) => {
      if (!gone) stop = replayChat(model, api, controller, video.current as HTMLVideoElement);
    }, () => {}); // without its chat the recording plays on
    return () => {
      gone = true;
      stop();
    };
  }, [model, api, controller, recording !== null]);

  const scene = record && sceneOf(record);
  const shifted = (controller?.behind.value ?? 0) > 0;
  const bare = remote?.options.controls === false;
  const held = remote?.held.value === true && (scene === 'live' || scene === 'playback');
  const withControls = !bare && (scene === 'live' || ((scene === 'interrupted' || (scene === 'paused' && shifted)) && playing.phase === 'playing') || (scene === 'playback' && recording !== null));
  const onKeyDown = (ev: KeyboardEvent) => {
    if (ev.ctrlKey || ev.metaKey || ev.altKey || (ev.target as HTMLElement).tagName === 'INPUT') return;
    const element = video.current as HTMLVideoElement;
    const seek = (by: number) => controller?.seek(Math.max(0, Math.min(element.currentTime + by, element.duration || Infinity)));
    const onButton = (ev.target as HTMLElement).closest('button, a') !== null;
    if (ev.key === 'm') toggleMuted(element);
    else if (recording && ev.key === 'ArrowLeft') seek(-5);
    else if (recording && ev.key === 'ArrowRight') seek(5);
    else if (recording && (ev.key === 'k' || (ev.key === ' ' && !onButton))) togglePlay(element);
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
      <video ref={video} playsInline muted controls={!bare && !held && scene === 'playback' && recording === null && playing.phase !== 'failed'} data-testid="video" />
      {danmaku && <DanmakuLayer subscribe={subscribe} />}
      <div class="overlays" role="status">
        {record && room && (
          <SceneOverlay
            room={room.id}
            record={record}
            scheduledAt={room.scheduledAt}
            cover={room.cover ?? ''}
            ours={recording !== null}
            shifted={shifted}
            held={held}
            phase={playing.phase}
            onRetry={() => (held ? void remote?.play() : player.current?.retry())}
          />
        )}
      </div>
      {interaction && !lessMotion.value && <Shows room={interaction} />}
      {interaction && <GiftLaneLayer room={interaction} />}
      {withControls && !held && <Controls video={video} stage={stage} player={controller} delay={record?.delay ?? 0} danmaku={danmaku} onDanmaku={switchDanmaku} />}
    </div>
  );
}

/** What moves over the picture is fetched when something moves for the first time, which it then shows. */
function Shows({ room }: { room: Interaction }): JSX.Element | null {
  const [first, setFirst] = useState<((show: Show) => void) | null>(null);
  useEffect(() => {
    const see = (what: (show: Show) => void) => setFirst((before: ((show: Show) => void) | null) => before ?? what);
    const show: Show = { hearts: (n) => see((s) => s.hearts(n)), icons: (icon, n) => see((s) => s.icons(icon, n)), confetti: () => see((s) => s.confetti()) };
    return room.onShow(show);
  }, [room]);
  return first && <ShowLayer room={room} first={first} />;
}
