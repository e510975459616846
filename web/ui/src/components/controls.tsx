import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PlayerController } from '../player/controller.ts';
import { t } from '../i18n/index.ts';
import { useAwake } from '../lib/awake.ts';
import { flying, setFlying } from '../lib/danmaku.ts';
import { useKeys } from '../lib/keys.ts';
import { lazy } from '../lib/lazy.tsx';
import { toggleFullscreen, toggleMuted, togglePip, togglePlay } from '../lib/video.ts';
import { Expand, Flying, FlyingOff, Gear, Load, Pip, Shrink, SoundOff, SoundOn } from './icons.tsx';

const FiguresPanel = lazy(() => import('./figures-panel.tsx').then((m) => m.FiguresPanel));
const PlayerPanel = lazy(() => import('./player-panel.tsx').then((m) => m.PlayerPanel));
const SeekBar = lazy(() => import('./seek-bar.tsx').then((m) => m.SeekBar));
const ShiftBar = lazy(() => import('./seek-bar.tsx').then((m) => m.ShiftBar));

export interface ControlsProps {
  video: RefObject<HTMLVideoElement | null>;
  stage: RefObject<HTMLDivElement | null>;
  player: PlayerController;
  delay: number; // seconds by which everybody sees what is live later
  open: Open;
  turn(what: Partial<Open>): void;
}

/** What beside the picture is open. */
export interface Open {
  settings: boolean;
  figures: boolean;
  keys: boolean;
}

/** The bar below the picture. What is live has no pause: it goes on. */
export function Controls({ video, stage, player, delay, open, turn }: ControlsProps): JSX.Element {
  const settingsButton = useRef<HTMLButtonElement>(null);
  const [sound, setSound] = useState({ muted: true, volume: 1 });
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const element = video.current as HTMLVideoElement;
    const heard = () => setSound({ muted: element.muted, volume: element.volume });
    const sized = () => setFull(document.fullscreenElement !== null);
    heard();
    element.addEventListener('volumechange', heard);
    document.addEventListener('fullscreenchange', sized);
    return () => {
      element.removeEventListener('volumechange', heard);
      document.removeEventListener('fullscreenchange', sized);
    };
  }, [video]);

  const element = () => video.current as HTMLVideoElement;
  const recording = player.recording.value;
  const shiftable = player.shiftable.value;
  const seek = (by: number) => player.seek(Math.max(0, Math.min(element().currentTime + by, element().duration || Infinity)));
  const full = () => toggleFullscreen(stage.current as HTMLDivElement, element());
  const awake = useAwake(stage, {
    once: () => recording && togglePlay(element()),
    twice: (side) => (recording && side < 1 / 3 ? seek(-10) : recording && side > 2 / 3 ? seek(10) : full()),
  });
  useLayoutEffect(() => {
    const box = stage.current as HTMLDivElement;
    box.dataset.awake = String(awake || open.settings);
    return () => delete box.dataset.awake;
  }, [awake, open.settings]);
  useKeys((ev) => {
    const at = ev.target as HTMLElement;
    const beside = at !== document.body && !stage.current?.contains(at); // arrows and space have a meaning there
    switch (ev.key.length === 1 ? ev.key.toLowerCase() : ev.key) {
      case 'm':
        return toggleMuted(element()), true;
      case 'f':
        return full(), true;
      case 'p':
        return void togglePip(element()), true;
      case 'i':
        return turn({ figures: !open.figures }), true;
      case 'l':
        return player.shift(0, delay), true;
      case 'k':
        return recording !== null && (togglePlay(element()), true);
      case ' ':
        return recording !== null && !beside && at.closest('button, a, input') === null && (togglePlay(element()), true);
      case 'ArrowLeft':
      case 'ArrowRight':
        return recording !== null && !beside && !at.matches('input') && (seek(ev.key === 'ArrowLeft' ? -5 : 5), true);
    }
    return false;
  });
  const closeSettings = () => {
    turn({ settings: false });
    settingsButton.current?.focus();
  };
  return (
    <>
      {sound.muted && (
        <button type="button" class="unmute" onClick={() => toggleMuted(element())} data-testid="unmute">
          <SoundOff /> {t('unmute')}
        </button>
      )}
      <div class={`controls${recording || shiftable ? ' controls-bar' : ''}`} role="group" aria-label={t('player')}>
        {recording && video.current && <SeekBar video={video.current} duration={recording.duration} onSeek={(seconds) => player.seek(seconds)} />}
        {!recording && shiftable && <ShiftBar shiftable={shiftable} behind={player.behind.value} delay={delay} onShift={(seconds) => player.shift(seconds, delay)} />}
        <button type="button" onClick={() => toggleMuted(element())} aria-label={sound.muted ? t('unmute') : t('mute')} title={sound.muted ? t('unmute') : t('mute')}>
          {sound.muted ? <SoundOff /> : <SoundOn />}
        </button>
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          aria-label={t('volume')}
          value={sound.muted ? 0 : sound.volume}
          onInput={(ev) => {
            element().volume = Number(ev.currentTarget.value);
            element().muted = Number(ev.currentTarget.value) === 0;
          }}
        />
        <span class="controls-gap" />
        {recording?.mp4 && (
          <a class="controls-link" href={recording.mp4} download aria-label={t('download')} title={t('download')} data-testid="download">
            <Load />
          </a>
        )}
        <button type="button" onClick={() => setFlying(!flying.value)} aria-pressed={flying.value} aria-label={flying.value ? t('danmaku_off') : t('danmaku_on')} title={flying.value ? t('danmaku_off') : t('danmaku_on')} data-testid="danmaku-switch">
          {flying.value ? <Flying /> : <FlyingOff />}
        </button>
        <button ref={settingsButton} type="button" onClick={() => turn({ settings: !open.settings })} aria-expanded={open.settings} aria-label={t('settings')} title={t('settings')} data-testid="player-settings">
          <Gear />
        </button>
        {document.pictureInPictureEnabled && (
          <button type="button" aria-label={t('pip')} title={t('pip')} onClick={() => void togglePip(element())}>
            <Pip />
          </button>
        )}
        <button type="button" onClick={full} aria-label={isFull ? t('fullscreen_exit') : t('fullscreen')} title={isFull ? t('fullscreen_exit') : t('fullscreen')}>
          {isFull ? <Shrink /> : <Expand />}
        </button>
      </div>
      {open.settings && <PlayerPanel figures={open.figures} onFigures={(figures) => turn({ figures })} onKeys={() => turn({ settings: false, keys: true })} onClose={closeSettings} />}
      {open.figures && <FiguresPanel player={player} onClose={() => turn({ figures: false })} />}
    </>
  );
}
