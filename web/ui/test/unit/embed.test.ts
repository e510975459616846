import { signal } from '@preact/signals';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Bridge, type BridgeOptions, type Told } from '../../src/embed/bridge.ts';
import { parseCommand } from '../../src/embed/command.ts';
import { EmbedIdentities } from '../../src/embed/identity.ts';
import { embedOptions, startOf } from '../../src/pages/embed-options.ts';
import type { PlayerController, PlayerState } from '../../src/player/controller.ts';
import { Remote } from '../../src/player/remote.ts';

const DEFAULTS = { video: true, chat: true, autoplay: true, muted: true, controls: true, danmaku: true, theme: 'auto', lang: null, start: 0 };

describe('what the address of a frame says', () => {
  test.each([
    ['', {}],
    ['?chat=0', { chat: false }],
    ['?video=0&chat=1', { video: false }],
    ['?video=0&chat=0', {}], // a frame of nothing
    ['?autoplay=0&muted=0&controls=0&danmaku=0', { autoplay: false, muted: false, controls: false, danmaku: false }],
    ['?theme=dark&lang=zh&start=90', { theme: 'dark', lang: 'zh', start: 90 }],
    ['?chat=no&video=2&theme=pink&lang=de&start=-5&autoplay=&muted=true', {}],
    ['?chat=__proto__&muted=constructor&theme=toString', {}],
    ['?unknown=1&chat=0&chat=1', { chat: false }],
  ])('%s', (query, want) => expect(embedOptions(query)).toEqual({ ...DEFAULTS, ...want }));

  test.each([
    ['90', 90], ['90.5', 90.5], ['1m30s', 90], ['1h', 3600], ['2h3m4s', 7384], ['1:30', 90], ['1:02:03', 3723],
    ['', 0], ['s', 0], ['abc', 0], ['1e9', 0], ['-3', 0], ['999999s', 0], ['168h', 604_800], ['169h', 0], ['1m2h', 0], ['0x10', 0],
  ])('start=%s is %d s', (text, want) => expect(startOf(text)).toBe(want));
});

describe('what the page around may say', () => {
  test.each([
    [{ type: 'liveroom:play' }, { command: { type: 'liveroom:play' }, id: null }],
    [{ type: 'liveroom:mute', id: 7, more: 'is not read' }, { command: { type: 'liveroom:mute' }, id: 7 }],
    [{ type: 'liveroom:volume', volume: 0.5, id: 'a' }, { command: { type: 'liveroom:volume', volume: 0.5 }, id: 'a' }],
    [{ type: 'liveroom:volume', volume: NaN }, { refused: 'bad_field', to: 'liveroom:volume', field: 'volume', id: null }],
    [{ type: 'liveroom:volume', volume: 1.1 }, { refused: 'bad_field', to: 'liveroom:volume', field: 'volume', id: null }],
    [{ type: 'liveroom:theme', theme: 'pink' }, { refused: 'bad_field', to: 'liveroom:theme', field: 'theme', id: null }],
    [{ type: 'liveroom:signin', user: 'vera', sig: 's' }, { command: { type: 'liveroom:signin', user: 'vera', sig: 's' }, id: null }],
    [{ type: 'liveroom:signin', user: 'a b', sig: 's' }, { refused: 'bad_field', to: 'liveroom:signin', field: 'user', id: null }],
    [{ type: 'liveroom:signin', user: 'x'.repeat(33), sig: 's' }, { refused: 'bad_field', to: 'liveroom:signin', field: 'user', id: null }],
    [{ type: 'liveroom:signin', user: 'vera', sig: 's'.repeat(2049) }, { refused: 'bad_field', to: 'liveroom:signin', field: 'sig', id: null }],
    [{ type: 'liveroom:explode', id: 'x'.repeat(65) }, { refused: 'unknown_command', to: 'liveroom:explode', field: '', id: null }],
    [{ type: 'webpackOk' }, null],
    [{ type: 'liveroom:'.padEnd(65, 'x') }, null],
    ['liveroom:play', null],
    [null, null],
    [undefined, null],
    [[], null],
  ])('%.60j', (data, want) => expect(parseCommand(data)).toEqual(want));
});

describe('the bridge', () => {
  let hear: (ev: Partial<MessageEvent>) => void;
  let now: number;
  let sent: [unknown, unknown][];
  let act: ReturnType<typeof vi.fn<BridgeOptions['act']>>;
  let parent: BridgeOptions['parent'];
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const made = () =>
    new Bridge({ own: { addEventListener: (_: string, listener: (ev: MessageEvent) => void) => (hear = listener as typeof hear), removeEventListener: () => {} }, parent, act, clock: () => now });
  const say = (data: unknown, source: unknown = parent, origin = 'https://shop.example') => hear({ data, source, origin } as Partial<MessageEvent>);

  beforeEach(() => {
    now = 1000;
    sent = [];
    act = vi.fn<BridgeOptions['act']>(() => Promise.resolve(''));
    parent = { postMessage: ((what: unknown, origin: unknown) => void sent.push([what, origin])) as Window['postMessage'] };
  });

  test('obeys the page around and answers its origin', async () => {
    made();
    act.mockResolvedValueOnce('').mockResolvedValueOnce('needs_press').mockRejectedValueOnce(new Error('x'));
    say({ type: 'liveroom:play', id: 1 });
    say({ type: 'liveroom:unmute', id: 2 }, parent, 'null');
    say({ type: 'liveroom:mute', id: 3 });
    say({ type: 'liveroom:volume', volume: 7, id: 4 });
    await settle();
    expect(sent.sort((a, b) => (a[0] as { id: number }).id - (b[0] as { id: number }).id)).toEqual([
      [{ type: 'liveroom:answer', to: 'liveroom:play', id: 1, ok: true }, 'https://shop.example'],
      [{ type: 'liveroom:answer', to: 'liveroom:unmute', id: 2, ok: false, error: 'needs_press' }, '*'],
      [{ type: 'liveroom:answer', to: 'liveroom:mute', id: 3, ok: false, error: 'failed' }, 'https://shop.example'],
      [{ type: 'liveroom:answer', to: 'liveroom:volume', id: 4, ok: false, error: 'bad_field', field: 'volume' }, 'https://shop.example'],
    ]);
  });

  test('does not hear any other window', async () => {
    made();
    say({ type: 'liveroom:play' }, { postMessage: () => {} });
    say({ type: 'liveroom:signin', user: 'mallory', sig: 's' }, null);
    await settle();
    expect(act).not.toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  test('tells what is new once, and all of it to who says hello', () => {
    const bridge = made();
    const ready: Told = { type: 'liveroom:ready', room: 'demo' };
    const status = (version: number): Told => ({ type: 'liveroom:status', room: 'demo', version });
    for (const what of [ready, status(1), ready, status(1), status(2)]) bridge.tell(what);
    expect(sent.splice(0).map(([what]) => what)).toEqual([ready, status(1), status(2)]);
    say({ type: 'liveroom:hello', id: 'h' });
    expect(sent.map(([what]) => what)).toEqual([ready, status(2), { type: 'liveroom:answer', to: 'liveroom:hello', id: 'h', ok: true }]);
  });

  test('takes twenty commands a second', async () => {
    made();
    for (let i = 0; i < 22; i++) say({ type: 'liveroom:mute', id: i });
    await settle();
    expect(act).toHaveBeenCalledTimes(20);
    expect(sent.map(([what]) => what as { id: number; ok: boolean }).filter(({ ok }) => !ok)).toMatchObject([{ id: 20, error: 'too_fast' }, { id: 21, error: 'too_fast' }]);
    now += 1000;
    say({ type: 'liveroom:mute' });
    expect(act).toHaveBeenCalledTimes(21);
  });
});

describe('the remote', () => {
  const state = signal<PlayerState>({ phase: 'idle', engine: null });
  const retry = vi.fn();
  function stage(options: Partial<Remote['options']> = {}) {
    state.value = { phase: 'idle', engine: null };
    retry.mockClear();
    const listeners: (() => void)[] = [];
    let allowed = true;
    const video = {
      muted: true, volume: 1, paused: true,
      addEventListener: (_: string, listener: () => void) => listeners.push(listener),
      removeEventListener: () => {},
      play: () => (allowed || video.muted ? ((video.paused = false), Promise.resolve()) : ((video.paused = true), Promise.reject(Object.assign(new Error(), { name: 'NotAllowedError' })))),
      pause: () => (video.paused = true),
    };
    const remote = new Remote({ autoplay: true, muted: true, controls: true, danmaku: true, start: 0, ...options });
    const stop = remote.take({ state, retry } as unknown as PlayerController, video as unknown as HTMLVideoElement);
    return { remote, video, stop, forbid: () => (allowed = false), heard: () => listeners.forEach((l) => l()) };
  }

  test('without autoplay nothing is fetched before somebody wants to watch', async () => {
    const { remote, stop } = stage({ autoplay: false });
    expect(remote.held.value).toBe(true);
    expect(await remote.play()).toBe(true);
    expect(remote.held.value).toBe(false);
    stop();
  });

  test('what is live is let go of, a recording stays where it is', () => {
    const { remote, video } = stage();
    video.paused = false;
    remote.pause(true);
    expect([remote.held.value, video.paused]).toEqual([false, true]);
    remote.pause(false);
    expect(remote.held.value).toBe(true);
  });

  test('a sound that the browser does not let begin by itself is left out, once', async () => {
    const { video } = stage({ muted: false });
    expect(video.muted).toBe(false);
    state.value = { phase: 'blocked', engine: 'flv' };
    await Promise.resolve();
    expect([video.muted, retry.mock.calls.length]).toEqual([true, 1]);
    video.muted = false;
    state.value = { phase: 'playing', engine: 'flv' };
    state.value = { phase: 'blocked', engine: 'flv' };
    await Promise.resolve();
    expect([video.muted, retry.mock.calls.length]).toEqual([false, 1]);
  });

  test('a sound that needs a press stays off, and the picture moves on', async () => {
    const { remote, video, forbid, heard } = stage();
    video.paused = false;
    forbid();
    expect(await remote.unmute()).toBe(false);
    expect([video.muted, video.paused]).toEqual([true, false]);
    state.value = { phase: 'playing', engine: 'flv' };
    heard();
    expect(remote.now.value).toEqual({ phase: 'playing', playing: true, muted: true, volume: 1 });
  });

  test('a sound that may be is turned on', async () => {
    const { remote, video } = stage();
    video.paused = false;
    video.volume = 0;
    expect(await remote.unmute()).toBe(true);
    expect([video.muted, video.volume]).toEqual([false, 0.5]);
    remote.mute();
    remote.volume(0.2);
    expect([video.muted, video.volume]).toEqual([true, 0.2]);
  });
});

test('whom the page around signs in is known to the frame alone', () => {
  const identities = new EmbedIdentities();
  expect(identities.load()).toBeNull();
  identities.give({ user: 'vera', sig: 's' });
  expect(identities.load()).toMatchObject({ userID: 'vera', userSig: 's', guest: false });
  expect(new EmbedIdentities().load()).toBeNull();
  identities.forget();
  expect(identities.load()).toBeNull();
});
