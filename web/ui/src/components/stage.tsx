import { effect } from '@preact/signals';
import { recordedMessages } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Past } from '../chat/past.ts';
import { t } from '../i18n/index.ts';
import { store } from '../lib/storage.ts';
import type { RoomModel } from '../pages/room-model.ts';
import { detectSupport, reachable } from '../player/choose.ts';
import { PlayerController, type PlayerState } from '../player/controller.ts';
import { loadEngine } from '../player/engine.ts';
import { chatOf } from '../player/recording.ts';
import { refusalOf } from '../player/refusal.ts';
import { scene as sceneOf } from '../status/record.ts';
import { Controls, toggleFullscreen, toggleMuted } from './controls.tsx';
import { DanmakuLayer } from './danmaku-layer.tsx';
import { GiftLaneLayer } from './gift-lane.tsx';
import { ShowLayer } from './show-layer.tsx';
import { lessMotion } from '../lib/motion.ts';
import { togglePlay } from './seek-bar.tsx';
import { SceneOverlay } from './scene-overlay.tsx';
import { ApiError, type Api } from '../api/client.ts';

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

  const controller = player.current;
  const recording = controller?.recording.value ?? null;
  useEffect(() => (recording && controller ? replayChat(model, api, controller, video.current as HTMLVideoElement) : undefined), [model, api, controller, recording !== null]);

  const scene = record && sceneOf(record);
  const shifted = (controller?.behind.value ?? 0) > 0;
  const withControls = scene === 'live' || ((scene === 'interrupted' || (scene === 'paused' && shifted)) && playing.phase === 'playing') || (scene === 'playback' && recording !== null);
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
      <video ref={video} playsInline muted controls={scene === 'playback' && recording === null && playing.phase !== 'failed'} data-testid="video" />
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
            phase={playing.phase}
            onRetry={() => player.current?.retry()}
          />
        )}
      </div>
      {interaction && !lessMotion.value && <ShowLayer room={interaction} />}
      {interaction && <GiftLaneLayer room={interaction} />}
      {withControls && <Controls video={video} stage={stage} player={controller} delay={record?.delay ?? 0} danmaku={danmaku} onDanmaku={switchDanmaku} />}
    </div>
  );
}

const LOOK_MS = 250;

/** Has the chat of a recording come in time with it. Returns how to stop. */
function replayChat(model: RoomModel, api: Api, controller: PlayerController, video: HTMLVideoElement): () => void {
  const chat = model.chat.peek();
  const group = chat?.group ?? '';
  const aborted = new AbortController();
  let renewed = '';
  const address = async (): Promise<string> => {
    const known = renewed || controller.chat.peek();
    if (known) return known;
    const { playback } = await api.play(model.room.peek()?.id ?? '', aborted.signal);
    return (renewed = playback?.hls ? await chatOf(reachable(playback.hls, location)) : '');
  };
  const past = new Past({
    async read(from, to, cursor) {
      const at = await address();
      if (!at) throw new Error('there is no chat');
      try {
        const answer = await api.recorded(at, from, to, cursor, aborted.signal);
        return { messages: recordedMessages(answer, group), next: answer.next ?? '' };
      } catch (err) {
        // The play session is over, of somebody who paused for long: another one is begun.
        if (err instanceof ApiError && err.status >= 400 && err.status < 500) {
          renewed = '';
          controller.chat.value = '';
        }
        throw err;
      }
    },
    show: (rows, anew) => chat?.showPast(rows, anew),
    say: (text) => model.echo(text),
  });
  const look = () => past.move(video.currentTime * 1000);
  const timer = setInterval(look, LOOK_MS);
  video.addEventListener('seeked', look);
  return () => {
    clearInterval(timer);
    video.removeEventListener('seeked', look);
    aborted.abort();
    past.stop();
    chat?.showPast([], true);
  };
}
