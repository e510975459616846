import type { EngineKind } from './choose.ts';
import type { EngineFigures } from './engine.ts';

/** How playing goes just now, for whoever wants to know. */
export interface Figures {
  /** When this was so, in milliseconds of the page's own clock. */
  at: number;
  engine: EngineKind | null;
  width: number;
  height: number;
  /** Pictures decoded since the element plays, and how many of them came too late to be shown. */
  frames: number;
  dropped: number;
  /** Of what comes in; null where the engine does not know. */
  bitsPerSecond: number | null;
  /** Seconds that would play if nothing more came. */
  buffer: number;
  /** Seconds behind what is live; null for what is not. */
  behind: number | null;
  rate: number;
  /** Since this is shown: how often it had to wait for more, and was connected again. */
  stalls: number;
  reconnections: number;
}

type Known = Pick<Figures, 'engine' | 'stalls' | 'reconnections'> & { live: boolean; shifted: number; from: EngineFigures | undefined };

/** Reads them off a video element; `shifted` are seconds by which the person chose to be late. */
export function measure(video: HTMLVideoElement, { live, shifted, from, ...known }: Known): Figures {
  const { buffered, currentTime, videoWidth, videoHeight, playbackRate } = video;
  const last = buffered.length - 1;
  const buffer = last < 0 ? 0 : Math.max(0, buffered.end(last) - currentTime);
  const quality = video.getVideoPlaybackQuality?.();
  return {
    ...known, at: performance.now(), width: videoWidth, height: videoHeight, frames: quality?.totalVideoFrames ?? 0, dropped: quality?.droppedVideoFrames ?? 0,
    bitsPerSecond: from?.bitsPerSecond ?? null, buffer, behind: live ? (from?.behind ?? buffer) + shifted : null, rate: playbackRate,
  };
}
