import Hls, { ErrorTypes, Events, type HlsConfig } from 'hls.js';
import type { Attach } from './engine.ts';

/** This many seconds farther from live than wanted, catching up by speed takes too long. */
const JUMP_S = 6;
/** With less than this many seconds wanted, hls.js would change its speed every other second, for want of a buffer. */
const CALM_S = 1.5;
/** The bit rate is an average over so many seconds. */
const SMOOTH_S = 5;
/** A decoder that fails again so soon isn't helped by starting it anew once more. */
const RECOVER_AGAIN_MS = 30_000;

/**
 * HLS through hls.js. How far behind live it begins is the server's word: PART-HOLD-BACK, or HOLD-BACK where there are no
 * parts. It keeps that distance by playing a little faster; what speed can't make good is jumped over here, because
 * hls.js jumps only at a distance fixed beforehand.
 */
export const attachHls: Attach = ({ video, url, live, start, onEvent, onPlaylist }) => {
  const hls = new Hls({ ...common, ...(live ? liveConfig : {}), ...(start ? { startPosition: start } : {}), lowLatencyMode: live });
  let attached = true;
  let recoveredAt = -Infinity;
  let bits: number | null = null; // a second of media, of the last seconds
  hls.on(Events.ERROR, (_event, data) => {
    if (!data.fatal || !attached) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && Date.now() - recoveredAt > RECOVER_AGAIN_MS) {
      recoveredAt = Date.now();
      hls.recoverMediaError();
      return;
    }
    onEvent('failed', data.details);
  });
  hls.on(Events.LEVEL_UPDATED, (_event, { details }) => {
    if (live && (hls.targetLatency ?? CALM_S) < CALM_S) hls.targetLatency = CALM_S;
    const edge = hls.liveSyncPosition;
    if (!attached || !live || !details.live || edge === null || video.paused || video.seeking) return;
    if (hls.latency > (hls.targetLatency ?? 0) + JUMP_S && edge > video.currentTime) video.currentTime = edge;
  });
  hls.on(Events.FRAG_BUFFERED, (_event, { frag, part, stats }) => {
    const seconds = part ? part.duration : frag.duration;
    if (frag.type !== 'main' || !(seconds > 0)) return;
    const now = (stats.loaded * 8) / seconds;
    const weight = Math.min(1, seconds / SMOOTH_S);
    bits = bits === null ? now : bits + (now - bits) * weight;
  });
  if (onPlaylist) hls.once(Events.LEVEL_LOADED, (_event, { details }) => attached && onPlaylist(details.url));
  const ended = () => attached && onEvent('ended', 'over');
  video.addEventListener('ended', ended);
  hls.attachMedia(video);
  hls.loadSource(url);
  return {
    detach() {
      if (!attached) return;
      attached = false;
      video.removeEventListener('ended', ended);
      hls.destroy();
    },
    figures: () => ({ bitsPerSecond: bits, behind: live && Number.isFinite(hls.latency) && hls.latency > 0 ? hls.latency : null }),
  };
};

const common: Partial<HlsConfig> = {
  backBufferLength: 30,
  // A playlist that isn't there fails at once: the controller tries again with growing waits and a fresh address.
  manifestLoadPolicy: { default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: null, errorRetry: null } },
};

const liveConfig: Partial<HlsConfig> = {
  maxLiveSyncPlaybackRate: 1.1,
  liveSyncOnStallIncrease: 0.6,
  liveDurationInfinity: true,
  // While the anchor is away the media playlist stands still, and a blocking reload gets no answer in time. That is no
  // fault to give up for: whether something should come is known by the controller. An address that is refused (4xx) is
  // never asked again; then a fresh one is needed.
  playlistLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry: Infinity, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: Infinity, retryDelayMs: 250, maxRetryDelayMs: 2000 },
    },
  },
};
