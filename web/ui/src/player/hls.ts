import Hls, { ErrorTypes, Events } from 'hls.js';
import type { Attach } from './engine.ts';

/** HLS through hls.js, which holds its distance from live itself. */
export const attachHls: Attach = ({ video, url, live, onEvent }) => {
  const hls = new Hls({
    lowLatencyMode: live,
    maxLiveSyncPlaybackRate: 1.1,
    backBufferLength: 30,
    // A playlist that isn't there fails at once: the controller tries again with growing waits and a fresh address.
    manifestLoadPolicy: { default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: null, errorRetry: null } },
  });
  let attached = true;
  let recovered = false;
  hls.on(Events.ERROR, (_event, data) => {
    if (!data.fatal || !attached) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true; // once: a second one means that recovering doesn't help
      hls.recoverMediaError();
      return;
    }
    onEvent('failed', data.details);
  });
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
  };
};
