import { beforeEach, expect, test, vi } from 'vitest';
import type { AttachOptions } from '../../src/player/engine.ts';

type Listener = (event: string, data: Record<string, unknown>) => void;

/** Stands in for hls.js: what it was told, and what it is made to say. */
class FakeHls {
  static made: FakeHls[] = [];
  listeners = new Map<string, Listener>();
  calls: string[] = [];
  latency = 0;
  targetLatency: number | null = 1.5;
  liveSyncPosition: number | null = 100;

  constructor(readonly config: Record<string, never>) {
    FakeHls.made.push(this);
  }
  on(event: string, listener: Listener): void {
    this.listeners.set(event, listener);
  }
  say(event: string, data: Record<string, unknown>): void {
    this.listeners.get(event)?.(event, data);
  }
  attachMedia = () => void this.calls.push('attach');
  loadSource = (url: string) => void this.calls.push(`load ${url}`);
  recoverMediaError = () => void this.calls.push('recover');
  destroy = () => void this.calls.push('destroy');
}

vi.mock('hls.js', () => ({
  default: FakeHls,
  Events: { ERROR: 'error', LEVEL_UPDATED: 'updated' },
  ErrorTypes: { MEDIA_ERROR: 'media', NETWORK_ERROR: 'network' },
}));

const { attachHls } = await import('../../src/player/hls.ts');

class FakeVideo extends EventTarget {
  currentTime = 10;
  paused = false;
  seeking = false;
}

let video: FakeVideo;
let events: string[];

beforeEach(() => {
  FakeHls.made = [];
  video = new FakeVideo();
  events = [];
});

function attach(live: boolean) {
  const options: AttachOptions = {
    video: video as unknown as HTMLVideoElement,
    url: 'http://h/a.m3u8',
    live,
    onEvent: (event, detail) => events.push(`${event} ${detail}`),
  };
  const attachment = attachHls(options);
  return { attachment, hls: FakeHls.made.at(-1) as FakeHls };
}

test('live is played with low latency and never given up for a playlist that stands still', () => {
  const { hls } = attach(true);
  expect(hls.calls).toEqual(['attach', 'load http://h/a.m3u8']);
  const policy = (hls.config as unknown as { playlistLoadPolicy: { default: Record<string, { maxNumRetry: number }> } }).playlistLoadPolicy.default;
  expect(hls.config).toMatchObject({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 });
  expect([policy.timeoutRetry?.maxNumRetry, policy.errorRetry?.maxNumRetry]).toEqual([Infinity, Infinity]);
  // The server says how far behind live: a distance set here would override its PART-HOLD-BACK.
  expect(hls.config).not.toHaveProperty('liveSyncDuration');
  expect(hls.config).not.toHaveProperty('liveSyncDurationCount');
});

test.each([
  ['very near live: it begins where the server says, and takes no pains to stay so near', 1, 1.5],
  ['whole segments', 6, 6],
  ['not known yet', null, null],
])('%s', (_name, said, want) => {
  const { hls } = attach(true);
  hls.targetLatency = said;
  hls.say('updated', { details: { live: true } });
  expect(hls.targetLatency).toBe(want);
});

test('a recording is played as it is', () => {
  const { hls } = attach(false);
  expect(hls.config).toMatchObject({ lowLatencyMode: false });
  expect(hls.config).not.toHaveProperty('maxLiveSyncPlaybackRate');
  hls.latency = 1000;
  hls.say('updated', { details: { live: false } });
  expect(video.currentTime).toBe(10);
});

test.each([
  ['far behind: it jumps', 8, {}, 100],
  ['a little behind: that is made good by speed', 7, {}, 10],
  ['paused by the viewer', 60, { paused: true }, 10],
  ['on the way already', 60, { seeking: true }, 10],
  ['the edge is not known yet', 60, { edge: null }, 10],
  ['never back', 60, { edge: 5 }, 10],
])('%s', (_name, latency, { edge, ...state }: { edge?: number | null; paused?: boolean; seeking?: boolean }, want) => {
  const { hls } = attach(true);
  hls.latency = latency;
  if (edge !== undefined) hls.liveSyncPosition = edge;
  Object.assign(video, state);
  hls.say('updated', { details: { live: true } });
  expect(video.currentTime).toBe(want);
});

test('a decoder that fails is started anew, again after a while, but not again and again', () => {
  vi.useFakeTimers();
  const { hls } = attach(true);
  const fail = () => hls.say('error', { fatal: true, type: 'media', details: 'bufferAppendError' });
  fail();
  expect([hls.calls.at(-1), events]).toEqual(['recover', []]);
  vi.advanceTimersByTime(60_000);
  fail();
  expect([hls.calls.filter((c) => c === 'recover').length, events]).toEqual([2, []]);
  vi.advanceTimersByTime(5000);
  fail();
  expect(events).toEqual(['failed bufferAppendError']);
  vi.useRealTimers();
});

test('what is fatal on the network is said, what is not is left to hls.js', () => {
  const { hls } = attach(true);
  hls.say('error', { fatal: false, type: 'network', details: 'levelLoadTimeOut' });
  expect(events).toEqual([]);
  hls.say('error', { fatal: true, type: 'network', details: 'levelLoadError' });
  expect(events).toEqual(['failed levelLoadError']);
});

test('the end of the session is said; nothing is after detaching', () => {
  const { attachment, hls } = attach(true);
  video.dispatchEvent(new Event('ended'));
  expect(events).toEqual(['ended over']);
  attachment.detach();
  attachment.detach();
  video.dispatchEvent(new Event('ended'));
  hls.say('error', { fatal: true, type: 'network', details: 'late' });
  expect(events).toEqual(['ended over']);
  expect(hls.calls.filter((c) => c === 'destroy')).toHaveLength(1);
});
