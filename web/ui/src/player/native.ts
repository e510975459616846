import type { Attach } from './engine.ts';

/** What the browser plays by itself: MP4 and the like, and HLS where there is no MSE. */
export const attachNative: Attach = ({ video, url, start, onEvent }) => {
  const failed = () => onEvent('failed', video.error?.message ?? '');
  const ended = () => onEvent('ended', 'over');
  const begin = () => start && (video.currentTime = start);
  video.addEventListener('error', failed);
  video.addEventListener('ended', ended);
  video.addEventListener('loadedmetadata', begin, { once: true });
  video.src = url;
  return {
    detach() {
      video.removeEventListener('error', failed);
      video.removeEventListener('ended', ended);
      video.removeEventListener('loadedmetadata', begin);
      video.removeAttribute('src');
      video.load();
    },
  };
};
