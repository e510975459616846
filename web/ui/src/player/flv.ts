import mpegts from 'mpegts.js';
import type { Attach } from './engine.ts';

// A stream without sound whose FLV header still announces it would make mpegts.js wait for ever for the audio header.
const SILENT_AFTER_MS = 3000;

/** FLV over HTTP into MSE. The library's own latency controls stay off: live.ts steers. */
export const attachFlv: Attach = ({ video, url, live, onEvent }) => {
  mpegts.LoggingControl.enableAll = false;
  let player: mpegts.Player | null = null;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    clearTimeout(silence);
    const old = player;
    player = null; // first: what its end causes is no news
    old?.destroy();
  };

  const start = (video_: HTMLVideoElement, hasAudio?: false) => {
    const made = mpegts.createPlayer({ type: 'flv', url, isLive: live, cors: true, ...(hasAudio === false ? { hasAudio } : {}) }, config(live));
    player = made;
    const report = (event: 'ended' | 'failed', detail: string) => player === made && onEvent(event, detail);
    made.on(mpegts.Events.ERROR, (type: string, detail: string) => report('failed', `${type} ${detail}`));
    made.on(mpegts.Events.LOADING_COMPLETE, () => live && report('ended', 'closed'));
    made.on(mpegts.Events.MEDIA_INFO, () => clearTimeout(silence));
    made.on(mpegts.Events.METADATA_ARRIVED, (meta: Record<string, unknown>) => {
      if (hasAudio === false || 'audiocodecid' in meta || !('videocodecid' in meta)) return;
      clearTimeout(silence);
      silence = setTimeout(() => {
        stop();
        start(video_, false);
        void Promise.resolve(video_.play()).catch(() => {});
      }, SILENT_AFTER_MS);
    });
    made.attachMediaElement(video_);
    made.load();
  };

  const over = () => !live && player !== null && onEvent('ended', 'over');
  video.addEventListener('ended', over);
  start(video);
  return {
    detach() {
      video.removeEventListener('ended', over);
      stop();
    },
    figures() {
      const { speed = null } = (player?.statisticsInfo ?? {}) as Partial<mpegts.MSEPlayerStatisticsInfo>;
      return { bitsPerSecond: speed === null ? null : speed * 1024 * 8, behind: null };
    },
  };
};

function config(live: boolean): mpegts.Config {
  return {
    enableWorker: false,
    enableStashBuffer: !live,
    lazyLoad: !live,
    liveBufferLatencyChasing: false,
    liveSync: false,
    autoCleanupSourceBuffer: true,
    autoCleanupMaxBackwardDuration: 60,
    autoCleanupMinBackwardDuration: 30,
    referrerPolicy: 'no-referrer',
  };
}
