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

export async function togglePip(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // Not possible now (no picture yet): the button just does nothing.
  }
}
