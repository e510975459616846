import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../api/client.ts';
import { t } from '../i18n/index.ts';
import type { Interaction, Show } from '../interact/interaction.ts';
import { flying, setFlying } from '../lib/danmaku.ts';
import { lazy } from '../lib/lazy.tsx';
import { useKeys } from '../lib/keys.ts';
import { lessMotion } from '../lib/motion.ts';
import type { RoomModel } from '../pages/room-model.ts';
import type { PlayerController, PlayerState, Source } from '../player/controller.ts';
import type { Remote } from '../player/remote.ts';
import { scene as sceneOf } from '../status/record.ts';
import type { Open } from './controls.tsx';
import { SceneOverlay } from './scene-overlay.tsx';

const loadPlayer = () => import('../player/start.ts');

const Controls = lazy(() => loadPlayer().then((m) => m.Controls));
const DanmakuLayer = lazy(() => import('./danmaku-layer.tsx').then((m) => m.DanmakuLayer));
const GiftLaneLayer = lazy(() => import('./gift-lane.tsx').then((m) => m.GiftLaneLayer));
const KeysDialog = lazy(() => import('./keys-dialog.tsx').then((m) => m.KeysDialog));
const ShowLayer = lazy(() => import('./show-layer.tsx').then((m) => m.ShowLayer));

const NOTHING: Source = { kind: 'none' };
const AGAIN_MS = 3000; // after the player itself could not be fetched

/** The picture with everything over it. In a frame of another page it has a remote, which says how it begins. */
export function Stage({ model, api, remote }: { model: RoomModel; api: Api; remote?: Remote }): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<PlayerController | null>(null);
  const [playing, setPlaying] = useState<PlayerState>({ phase: 'idle', engine: null });
  const [open, setOpen] = useState<Open>(() => {
    if (remote?.options.danmaku === false) flying.value = false; // here, not for good
    return { settings: false, figures: false, keys: false };
  });
  const turn = (what: Partial<Open>) => setOpen((now) => ({ ...now, ...what }));
  const subscribe = useCallback((listener: (text: string, own: boolean) => void) => model.onSaid(listener), [model]);
  const room = model.room.value;
  const record = model.status.value;
  const interaction = model.interaction.value;

  useEffect(() => {
    const element = video.current as HTMLVideoElement;
    element.muted = true; // the attribute alone is not enough for autoplay once scripts made the element
    const stops: (() => void)[] = [];
    let gone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const begin = async () => {
      try {
        const { startPlayer } = await loadPlayer();
        if (gone) return;
        const controller = (player.current = startPlayer(element, () => api.play(model.room.value?.id ?? ''), () => model.session(), remote?.options.start));
        stops.push(
          () => controller.destroy(),
          remote?.take(controller, element) ?? (() => {}),
          effect(() => setPlaying(controller.state.value)),
          effect(() => {
            const source = remote?.held.value ? NOTHING : model.source.value;
            // The controller's own signals must not bring this effect back.
            queueMicrotask(() => controller.show(source));
          }),
        );
      } catch {
        setPlaying({ phase: 'retrying', engine: null });
        again = setTimeout(() => void begin(), AGAIN_MS);
      }
    };
    void begin();
    return () => {
      gone = true;
      clearTimeout(again);
      for (const stop of stops.reverse()) stop();
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
  useKeys((ev) => {
    if (ev.key === '?') turn({ keys: true });
    else if (ev.key.toLowerCase() === 'd') setFlying(!flying.peek());
    else return false;
    return true;
  });

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
    >
      <video ref={video} playsInline muted controls={!bare && !held && scene === 'playback' && recording === null && playing.phase !== 'failed'} data-testid="video" />
      {flying.value && <Danmaku subscribe={subscribe} />}
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
      {interaction && <Gifts room={interaction} />}
      {withControls && !held && controller && <Controls video={video} stage={stage} player={controller} delay={record?.delay ?? 0} open={open} turn={turn} />}
      {open.keys && <KeysDialog onClose={() => turn({ keys: false })} />}
    </div>
  );
}

/** What flies is fetched with the first message, which then flies; those that come meanwhile are only in the chat. */
function Danmaku({ subscribe }: { subscribe(listener: (text: string, own: boolean) => void): () => void }): JSX.Element | null {
  const [first, setFirst] = useState<[string, boolean] | null>(null);
  useLayoutEffect(() => subscribe((text, own) => document.visibilityState === 'visible' && setFirst((before) => before ?? [text, own])), [subscribe]);
  return first && <DanmakuLayer subscribe={subscribe} first={first} />;
}

/** Gifts lie over the picture from the first one on. */
function Gifts({ room }: { room: Interaction }): JSX.Element | null {
  const seen = useRef(false);
  seen.current ||= room.banner.value !== null || room.lane.runs.value.length > 0;
  return seen.current ? <GiftLaneLayer room={room} /> : null;
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
