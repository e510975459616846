import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PlayerController } from '../player/controller.ts';
import { t } from '../i18n/index.ts';
import { flying, setFlying } from '../lib/danmaku.ts';
import { lazy } from '../lib/lazy.tsx';
import { Expand, Flying, FlyingOff, Gear, Load, Pip, Shrink, SoundOff, SoundOn } from './icons.tsx';

const SeekBar = lazy(() => import('./seek-bar.tsx').then((m) => m.SeekBar));
const ShiftBar = lazy(() => import('./seek-bar.tsx').then((m) => m.ShiftBar));

export interface ControlsProps {
  video: RefObject<HTMLVideoElement | null>;
  stage: RefObject<HTMLDivElement | null>;
  player: PlayerController | null;
  delay: number; // seconds by which everybody sees what is live later
  settings: boolean; // they are open
  onSettings(): void;
  settingsButton: RefObject<HTMLButtonElement | null>;
}

/** Phones know full screen only for the video itself. */
type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?(): void };

export function toggleFullscreen(stage: HTMLElement, video: HTMLVideoElement): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (stage.requestFullscreen) void stage.requestFullscreen().catch(() => {});
  else (video as PhoneVideo).webkitEnterFullscreen?.();
}

export function toggleMuted(video: HTMLVideoElement): void {
  video.muted = !video.muted;
  if (!video.muted && video.volume === 0) video.volume = 0.5;
}

export function togglePlay(video: HTMLVideoElement): void {
  if (video.paused || video.ended) void video.play().catch(() => {});
  else video.pause();
}

/** The bar below the picture. What is live has no pause: it goes on. */
export function Controls({ video, stage, player, delay, settings, onSettings, settingsButton }: ControlsProps): JSX.Element {
  const [sound, setSound] = useState({ muted: true, volume: 1 });
  const [full, setFull] = useState(false);
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
  const recording = player?.recording.value;
  const shiftable = player?.shiftable.value;
  return (
    <>
      {sound.muted && (
        <button type="button" class="unmute" onClick={() => toggleMuted(element())} data-testid="unmute">
          <SoundOff /> {t('unmute')}
        </button>
      )}
      <div class={`controls${recording || shiftable ? ' controls-bar' : ''}`} role="group" aria-label={t('player')}>
        {recording && video.current && <SeekBar video={video.current} duration={recording.duration} onSeek={(seconds) => player?.seek(seconds)} />}
        {!recording && shiftable && <ShiftBar shiftable={shiftable} behind={player?.behind.value ?? 0} delay={delay} onShift={(seconds) => player?.shift(seconds, delay)} />}
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
        <button ref={settingsButton} type="button" onClick={onSettings} aria-expanded={settings} aria-label={t('settings')} title={t('settings')} data-testid="player-settings">
          <Gear />
        </button>
        {document.pictureInPictureEnabled && (
          <button type="button" aria-label={t('pip')} title={t('pip')} onClick={() => void togglePip(element())}>
            <Pip />
          </button>
        )}
        <button type="button" onClick={() => toggleFullscreen(stage.current as HTMLDivElement, element())} aria-label={full ? t('fullscreen_exit') : t('fullscreen')} title={full ? t('fullscreen_exit') : t('fullscreen')}>
          {full ? <Shrink /> : <Expand />}
        </button>
      </div>
    </>
  );
}

export async function togglePip(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // Not possible now (no picture yet): the button just does nothing.
  }
}
