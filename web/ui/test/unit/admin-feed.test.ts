import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../../src/api/http.ts';
import { Feed, type Source } from '../../src/admin/feed.ts';
import { isAway, Loader } from '../../src/admin/loader.ts';
import { record } from './make.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FakeSource implements Source {
  readyState = 0;
  closed = false;
  #listeners = new Map<string, (ev: { data?: unknown }) => void>();
  addEventListener(kind: string, listener: (ev: { data?: unknown }) => void): void {
    this.#listeners.set(kind, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(kind: string, data?: object): void {
    this.#listeners.get(kind)?.({ data: JSON.stringify(data ?? {}) });
  }
}

describe('the feed of statuses', () => {
  let sources: FakeSource[];
  let feed: Feed;
  let heard: [string, number, boolean][];
  let refused: number;
  beforeEach(() => {
    [sources, heard, refused] = [[], [], 0];
    feed = new Feed({
      open: () => {
        sources.push(new FakeSource());
        return sources.at(-1) as FakeSource;
      },
      onRefused: () => refused++,
      random: () => 1,
    });
    feed.hear((r, news) => heard.push([r.name, r.version, news]));
    feed.start();
  });
  afterEach(() => feed.stop());
  const source = () => sources.at(-1) as FakeSource;

  test('what is there at first is no news, what comes after is; what is late is nothing', () => {
    source().say('open');
    expect(feed.following.value).toBe(true);
    source().say('reset');
    source().say('status', record('waiting', 1));
    source().say('ready');
    source().say('status', record('live', 3));
    source().say('status', record('waiting', 2));
    source().say('status', record('live', 3));
    expect(heard).toEqual([['waiting', 1, false], ['live', 3, true]]);
    expect(feed.newest(record('waiting', 2)).name).toBe('live');
    expect(feed.newest(record('paused', 4)).name).toBe('paused');
  });

  test('after a loss of the network the browser comes back by itself', () => {
    source().say('open');
    source().say('error');
    expect(feed.following.value).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(sources.length).toBe(1);
    source().say('open');
    expect(feed.following.value).toBe(true);
    expect(refused).toBe(0);
  });

  test('what the server refuses is tried again, with growing waits', () => {
    source().readyState = 2;
    source().say('error');
    expect([refused, source().closed]).toEqual([1, true]);
    vi.advanceTimersByTime(1999);
    expect(sources.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sources.length).toBe(2);
    source().readyState = 2;
    source().say('error');
    vi.advanceTimersByTime(3999);
    expect(sources.length).toBe(2);
    vi.advanceTimersByTime(1);
    expect(sources.length).toBe(3);
  });

  test('after stop nothing is opened', () => {
    const last = source();
    last.readyState = 2;
    last.say('error');
    feed.stop();
    vi.advanceTimersByTime(60_000);
    expect(sources.length).toBe(1);
  });
});

describe('what is read again and again', () => {
  test('each time after a wait, and not while nobody looks', async () => {
    let n = 0;
    const loader = new Loader(async () => ++n, { every: 1000 });
    await loader.read();
    expect(loader.value.value).toBe(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(loader.value.value).toBe(2);
    loader.hide(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(n).toBe(2);
    loader.hide(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(loader.value.value).toBe(3);
    loader.pace(5000);
    await vi.advanceTimersByTimeAsync(4999);
    expect(n).toBe(3);
    loader.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(n).toBe(3);
  });

  test('a failure leaves what is shown, and is told; the next reading takes it back', async () => {
    let fail = false;
    const loader = new Loader(async () => {
      if (fail) throw new ApiError(0, 'unreachable', '');
      return 'text';
    });
    await loader.read();
    fail = true;
    await loader.read();
    expect([loader.value.value, isAway(loader.error.value)]).toEqual(['text', true]);
    fail = false;
    await loader.read();
    expect(loader.error.value).toBeNull();
  });

  test('an answer that comes late does not take the place of a newer one', async () => {
    const waiting: ((value: string) => void)[] = [];
    const load = () => new Promise<string>((resolve) => waiting.push(resolve));
    const loader = new Loader(load);
    void loader.read();
    loader.turn(load, false);
    waiting[1]?.('new');
    await vi.advanceTimersByTimeAsync(0);
    waiting[0]?.('old');
    await vi.advanceTimersByTimeAsync(0);
    expect([loader.value.value, loader.loading.value]).toEqual(['new', false]);
  });

  test('another thing is shown as not known until it is read', async () => {
    const loader = new Loader(async () => 'one');
    await loader.read();
    loader.turn(async () => 'two', true);
    expect(loader.value.value).toBeNull();
    await vi.advanceTimersByTimeAsync(0);
    expect(loader.value.value).toBe('two');
    loader.put('three');
    expect(loader.value.value).toBe('three');
  });
});
