import type { JSX } from 'preact';
import type { StatusRecord } from '../api/types.ts';
import { t, type Key } from '../i18n/index.ts';
import type { Phase } from '../player/controller.ts';
import { scene as sceneOf } from '../status/record.ts';
import { Cover } from './cover.tsx';
import { Countdown } from './countdown.tsx';
import { StandByCard } from './test-card.tsx';

export interface SceneProps {
  room: string;
  record: StatusRecord;
  scheduledAt: string | null;
  /** A picture of the room, '' if there is none. */
  cover: string;
  /** What is played back is ours, and has our controls. */
  ours: boolean;
  /** What is live is watched as it was some time ago. */
  shifted: boolean;
  /** There is something to see, and it waits to be asked for. */
  held?: boolean;
  phase: Phase;
  onRetry(): void;
}

/** What stands over (or in place of) the picture. */
export function SceneOverlay(props: SceneProps): JSX.Element | null {
  const scene = sceneOf(props.record);
  if (props.held) return <HeldOverlay {...props} />;
  switch (scene) {
    case 'live':
      return <LiveOverlay {...props} />;
    case 'playback':
      return <PlaybackOverlay {...props} />;
    case 'interrupted':
      // The last picture, if there is one, stays visible below: it goes on from there.
      return <Words {...(props.phase === 'playing' ? { veil: true } : { card: props.room, cover: props.cover })} title="interrupted_title" text="interrupted_text" scene={scene} busy />;
    case 'paused':
      if (props.shifted && props.phase === 'playing') return null; // there is still something to see
      return <Words card={props.room} cover={props.cover} title="paused_title" text="paused_text" scene={scene} />;
    case 'ended':
      return <Words card={props.room} cover={props.cover} title="ended_title" text={props.record.reason === 'forbidden' ? 'ended_forbidden' : 'ended_text'} scene={scene} />;
    case 'waiting':
      return (
        <Words card={props.room} cover={props.cover} title="waiting_title" text="waiting_text" scene={scene}>
          {props.scheduledAt && <Countdown until={props.scheduledAt} />}
        </Words>
      );
  }
}

function HeldOverlay({ room, cover, onRetry }: SceneProps): JSX.Element {
  return (
    <div class="overlay" data-testid="overlay" data-scene="held">
      <StandByCard seed={room} />
      {cover && <Cover address={cover} class="overlay-cover overlay-cover-clear" />}
      <button type="button" class="big-play" onClick={onRetry} data-testid="tap-to-play">
        {t('tap_to_play')}
      </button>
    </div>
  );
}

function LiveOverlay({ phase, onRetry, room, cover }: SceneProps): JSX.Element | null {
  switch (phase) {
    case 'connecting':
    case 'idle':
      return <Words card={room} cover={cover} title="connecting" scene="connecting" busy />;
    case 'retrying':
      return <Words card={room} cover={cover} title="reconnecting" scene="retrying" busy />;
    case 'full':
      return <Words card={room} cover={cover} title="full_title" text="full_text" scene="full" busy />;
    case 'unsupported':
      return <Words card={room} title="no_player" scene="unsupported" />;
    case 'blocked':
      return (
        <button type="button" class="big-play" onClick={onRetry} data-testid="tap-to-play">
          {t('tap_to_play')}
        </button>
      );
    case 'playing':
    case 'failed':
    case 'over':
      return null;
  }
}

function PlaybackOverlay({ room, phase, onRetry, record, cover, ours }: SceneProps): JSX.Element | null {
  if (phase === 'blocked') {
    return ours ? (
      <button type="button" class="big-play" onClick={onRetry} data-testid="tap-to-play">
        {t('tap_to_play')}
      </button>
    ) : null; // the browser's own controls have a play button
  }
  if (phase === 'retrying') return <Words card={room} cover={cover} title="reconnecting" scene="retrying" busy />;
  if (phase !== 'failed' && record.playbackUrl) return null;
  return (
    <Words card={room} title="playback_error" scene="playback">
      {record.playbackUrl && (
        <button type="button" class="button" onClick={onRetry}>
          {t('retry')}
        </button>
      )}
    </Words>
  );
}

interface WordsProps {
  title: Key;
  text?: Key;
  scene: string;
  card?: string; // room id: draws its test card behind the words
  cover?: string; // a picture to stand there in its place
  veil?: boolean; // lets the picture shine through
  busy?: boolean;
  children?: preact.ComponentChildren;
}

function Words({ title, text, scene, card, cover, veil, busy, children }: WordsProps): JSX.Element {
  return (
    <div class={`overlay${veil ? ' overlay-veil' : ''}`} data-testid="overlay" data-scene={scene}>
      {card !== undefined && <StandByCard seed={card} />}
      {cover && <Cover address={cover} class="overlay-cover" />}
      <div class="overlay-words">
        {busy && <span class="spinner" aria-hidden="true" />}
        <h2>{t(title)}</h2>
        {children}
        {text && <p>{t(text)}</p>}
      </div>
    </div>
  );
}
