import { effect, signal } from '@preact/signals';
import type { Phase, PlayerController } from './controller.ts';

export interface RemoteOptions {
  autoplay: boolean;
  muted: boolean;
  controls: boolean;
  danmaku: boolean;
  start: number;
}

export interface PlayerNow {
  phase: Phase;
  /** Pictures move. */
  playing: boolean;
  muted: boolean;
  volume: number;
}

/** Moves a stage from outside of it, for a page that has the room in a frame. */
export class Remote {
  /** Nothing is fetched until somebody wants to watch: at the beginning without autoplay, and while what is live is paused. */
  readonly held = signal(false);
  readonly now = signal<PlayerNow>({ phase: 'idle', playing: false, muted: true, volume: 1 });
  readonly options: RemoteOptions;
  #video: HTMLVideoElement | null = null;
  #controller: PlayerController | null = null;

  constructor(options: RemoteOptions) {
    this.options = options;
    this.held.value = !options.autoplay;
  }

  /** Takes hold of a stage's player; returns how to let go. */
  take(controller: PlayerController, video: HTMLVideoElement): () => void {
    this.#controller = controller;
    this.#video = video;
    video.muted = this.options.muted;
    const look = () => {
      const { phase } = controller.state.peek();
      const now = { phase, playing: phase === 'playing' && !video.paused, muted: video.muted, volume: video.volume };
      if (JSON.stringify(now) !== JSON.stringify(this.now.peek())) this.now.value = now;
    };
    for (const event of EVENTS) video.addEventListener(event, look);
    let tried = false;
    const stop = effect(() => {
      const { phase } = controller.state.value;
      queueMicrotask(look);
      if (phase !== 'blocked' || video.muted || tried) return;
      tried = true; // with sound it may not begin by itself: without, rather than not at all
      video.muted = true;
      queueMicrotask(() => controller.retry());
    });
    return () => {
      stop();
      for (const event of EVENTS) video.removeEventListener(event, look);
      this.#controller = this.#video = null;
    };
  }

  /** Resolves with whether it may: a browser may want a press in the frame first. */
  async play(): Promise<boolean> {
    const [video, controller] = [this.#video, this.#controller];
    if (!video || !controller) return false;
    if (this.held.peek()) {
      this.held.value = false;
      return true;
    }
    if (controller.state.peek().phase === 'idle') return true; // it begins by itself when there is something
    return video.play().then(
      () => true,
      (err: unknown) => (err as DOMException | null)?.name !== 'NotAllowedError',
    );
  }

  /** What is live goes on without us: it is let go of. A recording stays where it is. */
  pause(recording: boolean): void {
    if (recording && this.#video && !this.held.peek()) this.#video.pause();
    else this.held.value = true;
  }

  mute(): void {
    if (this.#video) this.#video.muted = true;
  }

  /** Resolves with whether it may: without a press in the frame, browsers stop what gets a sound. Then it stays muted. */
  async unmute(): Promise<boolean> {
    const video = this.#video;
    if (!video) return false;
    const moving = !video.paused;
    video.muted = false;
    if (video.volume === 0) video.volume = 0.5;
    if (!moving) return true;
    try {
      await video.play();
      return true;
    } catch (err) {
      if ((err as DOMException | null)?.name !== 'NotAllowedError') return true;
      video.muted = true;
      void video.play().catch(() => {});
      return false;
    }
  }

  /** 0 to 1. */
  volume(to: number): void {
    if (this.#video) this.#video.volume = to;
  }
}

const EVENTS = ['play', 'playing', 'pause', 'ended', 'volumechange'] as const;
