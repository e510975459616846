import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Plays } from '../../src/api/types.ts';
import type { Candidate } from '../../src/player/choose.ts';
import { PlayerController } from '../../src/player/controller.ts';
import type { AttachOptions } from '../../src/player/engine.ts';

/** As much of a video element as the controller sees. Time moves when the test says so. */
class FakeVideo extends EventTarget {
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  seeking = false;
  from = 0;
  until = 0;
  refuse: string | null = null;
  get buffered() {
    const { from, until } = this;
    return { length: until > 0 ? 1 : 0, start: () => from, end: () => until };
  }
  play(): Promise<void> {
    if (this.refuse) return Promise.reject(Object.assign(new Error(), { name: this.refuse }));
    this.paused = false;
    return Promise.resolve();
  }
}

let video: FakeVideo;
let attached: (AttachOptions & { engine: Candidate['engine']; detached: boolean })[];
let fetches: number;
let fail: boolean;
let more: Partial<Plays>; // what else the server answers
let refusal: string; // why addresses are refused
let asked: string[];
let controller: PlayerController;

function make(support = { mse: true, nativeHls: false }): PlayerController {
  return new PlayerController({
    video: video as unknown as HTMLVideoElement,
    fetchPlay: () => {
      fetches++;
      return fail ? Promise.reject(new Error('503')) : Promise.resolve({ play: { flv: `http://h/a.flv?n=${fetches}`, hls: 'http://h/a.m3u8' }, ...more });
    },
    session: () => Promise.resolve('S1'),
    refusalOf: (url) => {
      asked.push(url);
      return Promise.resolve(refusal);
    },
    support,
    load: (engine) =>
      Promise.resolve((options: AttachOptions) => {
        const entry = { ...options, engine, detached: false };
        attached.push(entry);
        return { detach: () => void (entry.detached = true) };
      }),
    page: { protocol: 'http:', hostname: 'h', port: '', origin: 'http://h', href: 'http://h/rooms/demo' },
    random: () => 0.5,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
  video = new FakeVideo();
  attached = [];
  fetches = 0;
  fail = false;
  more = {};
  refusal = '';
  asked = [];
  controller = make();
});
afterEach(() => {
  controller.destroy();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
/** The stream flows for so many seconds. */
async function flow(seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 2; i++) {
    video.until += 0.5;
    video.currentTime = Math.min(video.currentTime + 0.5 * video.playbackRate, video.until);
    await vi.advanceTimersByTimeAsync(500);
  }
}
const last = () => attached.at(-1) as (typeof attached)[number];
const live = { kind: 'live', expecting: true } as const;
const away = { kind: 'live', expecting: false } as const;

describe('live', () => {
  test('attaches FLV with the chat session and plays', async () => {
    controller.show(live);
    await settle();
    expect(last()).toMatchObject({ engine: 'flv', url: 'http://h/a.flv?n=1&vid=S1', live: true });
    expect(controller.state.value).toEqual({ phase: 'connecting', engine: 'flv' });
    await flow(1);
    expect(controller.state.value).toEqual({ phase: 'playing', engine: 'flv' });
  });

  test('the same source again changes nothing', async () => {
    controller.show(live);
    await settle();
    controller.show({ ...live });
    await settle();
    expect(attached).toHaveLength(1);
  });

  test('a lost connection is made again, with a fresh address', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    last().onEvent('ended', 'closed');
    expect(last().detached).toBe(true);
    expect(controller.state.value.phase).toBe('retrying');
    await vi.advanceTimersByTimeAsync(500);
    expect(attached).toHaveLength(2);
    expect(last().url).toContain('n=2');
  });

  test('waits grow while nothing comes, and FLV gives way to HLS and back', async () => {
    controller.show(live);
    const engines: string[] = [];
    const waits: number[] = [];
    await settle();
    for (let i = 0; i < 7; i++) {
      engines.push(last().engine);
      const count = attached.length;
      last().onEvent('failed', '404');
      let waited = 0;
      while (attached.length === count) {
        await vi.advanceTimersByTimeAsync(25);
        waited += 25;
      }
      waits.push(waited);
    }
    expect(engines).toEqual(['flv', 'flv', 'hls', 'hls', 'flv', 'flv', 'hls']);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeLessThan(600);
    expect(waits.at(-1)).toBeLessThanOrEqual(8000);
    expect(waits.at(-1)).toBeGreaterThan(4000);
  });

  test('a picture that stands still while frames are expected is attached again', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(attached).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(attached[0]?.detached).toBe(true);
    expect(attached).toHaveLength(2);
  });

  test('a stream that never gives a frame is given up after ten seconds', async () => {
    controller.show(live);
    await settle();
    await vi.advanceTimersByTimeAsync(9500);
    expect(attached).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(attached).toHaveLength(2);
  });

  test.each(['room_full', 'room_bandwidth', 'node_full', 'node_bandwidth'])('no place (%s) is said, and tried again ever more calmly', async (code) => {
    refusal = code;
    controller.show(live);
    await settle();
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const count = attached.length;
      last().onEvent('failed', '503');
      await settle();
      expect(controller.state.value.phase).toBe('full');
      let waited = 0;
      while (attached.length === count) {
        await vi.advanceTimersByTimeAsync(100);
        waited += 100;
      }
      waits.push(waited);
      expect(last().engine).toBe('flv'); // another way has no place either
      expect(controller.state.value.phase).toBe('full'); // while it tries
    }
    expect(asked[0]).toBe('http://h/a.flv?n=1');
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeGreaterThanOrEqual(2000);
    expect(waits.at(-1)).toBeLessThanOrEqual(30_000);
    await flow(1);
    expect(controller.state.value.phase).toBe('playing');
  });

  test('a picture that is lost says so, and a full room afterwards too', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    refusal = 'room_full';
    last().onEvent('ended', 'closed');
    video.until = video.currentTime = 0; // as detaching leaves it
    await settle();
    expect(asked).toEqual([]); // it was let in
    expect(controller.state.value.phase).toBe('retrying');
    await vi.advanceTimersByTimeAsync(500);
    last().onEvent('failed', '503');
    await settle();
    expect(controller.state.value.phase).toBe('full');
    await vi.advanceTimersByTimeAsync(4000);
    refusal = 'store_unavailable';
    last().onEvent('failed', '503');
    await settle();
    expect(controller.state.value.phase).toBe('connecting');
  });

  test('addresses that can’t be read are asked for again', async () => {
    fail = true;
    controller.show(live);
    await vi.advanceTimersByTimeAsync(3000);
    expect(fetches).toBeGreaterThan(1);
    fail = false;
    await vi.advanceTimersByTimeAsync(8000);
    expect(attached).toHaveLength(1);
  });

  test('what an old attachment says is not heard', async () => {
    controller.show(live);
    await settle();
    const old = last();
    controller.show({ kind: 'none' });
    controller.show(live);
    await settle();
    old.onEvent('failed', 'late');
    expect(attached).toHaveLength(2);
    expect(last().detached).toBe(false);
  });

  test('a source that changes while the engine loads attaches nothing', async () => {
    controller.show(live);
    controller.show({ kind: 'none' });
    await settle();
    expect(attached).toHaveLength(0);
    expect(controller.state.value.phase).toBe('idle');
  });

  test('a browser that wants a press first is not taken for a stall', async () => {
    video.refuse = 'NotAllowedError';
    controller.show(live);
    await settle();
    expect(controller.state.value.phase).toBe('blocked');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(attached).toHaveLength(1);
    video.refuse = null;
    controller.retry();
    await settle();
    expect(controller.state.value.phase).toBe('connecting');
    await flow(1);
    expect(controller.state.value.phase).toBe('playing');
  });

  test('no way to play is said', async () => {
    controller.destroy();
    controller = make({ mse: false, nativeHls: false });
    controller.show(live);
    await settle();
    expect(controller.state.value.phase).toBe('unsupported');
  });
});

describe('the anchor is away', () => {
  test('an open connection is kept however long it takes, and goes on by itself', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    controller.show(away);
    await vi.advanceTimersByTimeAsync(120_000);
    controller.show(live);
    await flow(3);
    expect(attached).toHaveLength(1);
    expect(controller.state.value.phase).toBe('playing');
  });

  test('back again: the interruption is skipped at once', async () => {
    controller.show(live);
    await settle();
    await flow(4);
    controller.show(away);
    await vi.advanceTimersByTimeAsync(4000);
    controller.show(live);
    video.until += 4.5; // silence for the gap, and the first frames
    await vi.advanceTimersByTimeAsync(500);
    expect(video.until - video.currentTime).toBeCloseTo(1.2);
  });

  test('back again but nothing comes: replaced after three seconds', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    controller.show(away);
    await vi.advanceTimersByTimeAsync(20_000);
    controller.show(live);
    await vi.advanceTimersByTimeAsync(2500);
    expect(attached).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(attached).toHaveLength(2);
  });

  test('over HLS the first pictures may take longer: it is not torn down for that', async () => {
    controller.show(live);
    await settle();
    for (let i = 0; i < 2; i++) {
      last().onEvent('failed', '404');
      await vi.advanceTimersByTimeAsync(3000);
    }
    await flow(2);
    controller.show(away);
    await vi.advanceTimersByTimeAsync(20_000);
    const count = attached.length;
    controller.show(live);
    await vi.advanceTimersByTimeAsync(9500);
    expect([last().engine, attached.length]).toEqual(['hls', count]);
    await vi.advanceTimersByTimeAsync(1500);
    expect(attached).toHaveLength(count + 1);
  });

  test('a connection lost meanwhile is tried calmly, and at once when the anchor is back', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    controller.show(away);
    for (let i = 0; i < 8; i++) {
      last().onEvent('ended', 'closed');
      expect(controller.state.value.phase).toBe('connecting');
      const count = attached.length;
      while (attached.length === count) await vi.advanceTimersByTimeAsync(50);
    }
    expect(last().engine).toBe('flv'); // an empty stream is no reason to change the way
    last().onEvent('ended', 'closed');
    const count = attached.length;
    controller.show(live);
    await settle();
    expect(attached).toHaveLength(count + 1);
  });
});

describe('near live', () => {
  test('a late start is caught up by speed, a very late one by a jump', async () => {
    controller.show(live);
    await settle();
    video.until = 4;
    video.currentTime = 0.1;
    await vi.advanceTimersByTimeAsync(500);
    expect(video.playbackRate).toBe(1.1);
    video.until = 30;
    await vi.advanceTimersByTimeAsync(500);
    expect(video.currentTime).toBeCloseTo(28.8);
    expect(video.playbackRate).toBe(1);
  });

  test('stalls ask for a larger distance', async () => {
    controller.show(live);
    await settle();
    await flow(2);
    video.dispatchEvent(new Event('waiting'));
    video.dispatchEvent(new Event('waiting'));
    video.until = 60;
    await vi.advanceTimersByTimeAsync(500);
    expect(video.until - video.currentTime).toBeCloseTo(2.4);
  });

  test('HLS steers itself', async () => {
    controller.show(live);
    await settle();
    for (let i = 0; i < 2; i++) {
      last().onEvent('failed', '404');
      await vi.advanceTimersByTimeAsync(3000);
    }
    expect(last().engine).toBe('hls');
    video.until = 60;
    video.currentTime = 1;
    await vi.advanceTimersByTimeAsync(500);
    expect(video.currentTime).toBe(1);
  });
});

describe('a recording of ours', () => {
  const ours = (playback: object) => {
    more = { playback: { hls: 'http://h/live/demo.m3u8?txSecret=x', ...playback } };
    controller.show({ kind: 'playback', url: 'http://h/live/demo.m3u8?playback=P1' });
    return settle();
  };

  test('plays by its signed address from where it is to, and names the chat session', async () => {
    await ours({ startAt: '10s', duration: '1m0s', mp4: '/m' });
    expect(last()).toMatchObject({ engine: 'hls', url: 'http://h/live/demo.m3u8?txSecret=x&vid=S1', live: false, start: 10 });
    expect(controller.recording.value).toMatchObject({ startAt: 10, duration: 60, mp4: 'http://h/m' });
    last().onPlaylist?.('http://h/live/demo/v/SID/index.m3u8');
    expect(controller.chat.value).toBe('http://h/live/demo/v/SID/chat');
  });

  test('goes on where it was when its address is good no more, and gives up in the end', async () => {
    await ours({});
    await flow(3);
    last().onEvent('failed', '403');
    expect(controller.state.value.phase).toBe('retrying');
    await vi.advanceTimersByTimeAsync(1000);
    expect(last()).toMatchObject({ start: 3 });
    for (let i = 0; i < 10 && controller.state.value.phase !== 'failed'; i++) {
      video.currentTime = video.until = 0;
      last().onEvent('failed', '403');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(controller.state.value.phase).toBe('failed');
    expect(attached.length).toBeLessThan(9);
  });

  test('waits for a server that is away, though the address in the status has no signature', async () => {
    await ours({});
    await flow(2);
    fail = true;
    last().onEvent('failed', 'network');
    await vi.advanceTimersByTimeAsync(1500);
    expect(attached).toHaveLength(1);
    fail = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(last()).toMatchObject({ engine: 'hls', start: 2 });
  });

  test('begins again at its end where it loops; else one may go back into it', async () => {
    await ours({ loop: true });
    await flow(2);
    last().onEvent('ended', 'over');
    expect(video.currentTime).toBe(0);
    expect(controller.state.value.phase).not.toBe('over');
    more = { playback: { hls: 'http://h/b.m3u8' } };
    controller.show({ kind: 'playback', url: 'http://h/live/demo.m3u8?playback=P2' });
    await settle();
    expect(controller.recording.value?.loop).toBe(false);
    last().onEvent('ended', 'over');
    expect(controller.state.value.phase).toBe('over');
    video.paused = true;
    controller.seek(1);
    await settle();
    expect(video).toMatchObject({ currentTime: 1, paused: false });
  });

  test('is forgotten with the status', async () => {
    await ours({});
    last().onPlaylist?.('http://h/live/demo/v/SID/index.m3u8');
    controller.show({ kind: 'none' });
    expect(controller.recording.value).toBeNull();
    expect(controller.chat.value).toBe('');
  });
});

describe('watching live from earlier', () => {
  const shiftable = { timeShift: { hls: 'http://h/live/demo.m3u8?txSecret=x&txTimeshift=on', from: new Date(0).toISOString(), window: '30m0s' } };
  const start = async () => {
    more = shiftable;
    controller.show({ kind: 'live', expecting: true });
    await settle();
    await flow(1);
  };

  test('is by HLS, so many seconds behind the others, who may be behind themselves; and back', async () => {
    await start();
    expect(controller.shiftable.value).toMatchObject({ window: 1800 });
    controller.shift(60, 10);
    await settle();
    expect(last()).toMatchObject({ engine: 'hls', url: 'http://h/live/demo.m3u8?txSecret=x&txTimeshift=on&tsDelay=70&vid=S1', live: true });
    expect(controller.behind.value).toBe(60);
    controller.show({ kind: 'live', expecting: false }); // the anchor is away: what is earlier goes on
    controller.show({ kind: 'live', expecting: true });
    expect(attached).toHaveLength(2);
    controller.shift(0);
    await settle();
    expect(last().engine).toBe('flv');
  });

  test('without a way back nothing happens', async () => {
    controller.show({ kind: 'live', expecting: true });
    await settle();
    controller.shift(60);
    await settle();
    expect(controller.behind.value).toBe(0);
    expect(attached).toHaveLength(1);
  });

  test('is looked for again a little later: a recording begins after its live', async () => {
    controller.show({ kind: 'live', expecting: true });
    await settle();
    expect(controller.shiftable.value).toBeNull();
    more = shiftable;
    await flow(21);
    expect(controller.shiftable.value).not.toBeNull();
    const before = fetches;
    await flow(60);
    expect(fetches).toBe(before);
  });

  test('goes on with the others where what was there is gone', async () => {
    await start();
    controller.shift(60);
    await settle();
    for (let i = 0; i < 10 && controller.behind.value > 0; i++) {
      video.currentTime = video.until = 0;
      last().onEvent('failed', '404');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(controller.behind.value).toBe(0);
    expect(last().engine).toBe('flv');
  });

  test('ends with the live', async () => {
    await start();
    controller.shift(60);
    controller.show({ kind: 'none' });
    expect(controller.behind.value).toBe(0);
    expect(controller.shiftable.value).toBeNull();
  });
});

describe('a recording', () => {
  const show = (url: string) => controller.show({ kind: 'playback', url });

  test('plays, ends, and is not attached again', async () => {
    show('/r/1.mp4');
    await settle();
    expect(last()).toMatchObject({ engine: 'native', url: 'http://h/r/1.mp4', live: false });
    expect(fetches).toBe(1); // whether it is one of ours
    await flow(2);
    last().onEvent('ended', 'over');
    expect(controller.state.value.phase).toBe('over');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attached).toHaveLength(1);
  });

  test('stays over though it moved since the last look, and plays when it is started again', async () => {
    show('/r/1.mp4');
    await settle();
    await flow(2);
    video.currentTime += 0.2;
    last().onEvent('ended', 'over');
    await vi.advanceTimersByTimeAsync(2000);
    expect(controller.state.value.phase).toBe('over');
    video.currentTime = 0;
    video.dispatchEvent(new Event('playing'));
    await flow(1);
    expect(controller.state.value.phase).toBe('playing');
  });

  test('one that can’t be played is said, and tried again on request', async () => {
    show('/r/1.mp4');
    await settle();
    last().onEvent('failed', '404');
    expect(controller.state.value.phase).toBe('failed');
    controller.retry();
    await settle();
    expect(attached).toHaveLength(2);
  });

  test('another one replaces it; the same one does not', async () => {
    show('/r/1.mp4');
    await settle();
    show('/r/1.mp4');
    show('/r/2.m3u8');
    await settle();
    expect(attached.map((a) => a.url)).toEqual(['http://h/r/1.mp4', 'http://h/r/2.m3u8']);
  });

  test('an address of another kind is refused', async () => {
    show('javascript:alert(1)');
    await settle();
    expect(attached).toHaveLength(0);
    expect(controller.state.value.phase).toBe('failed');
  });
});
