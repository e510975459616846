import { describe, expect, test, vi } from 'vitest';
import { streamSocket } from '../src/stream.ts';

/** A browser's EventSource and fetch, driven by hand. */
function parts() {
  const listeners: Record<string, (event: { data: unknown }) => void> = {};
  const source = {
    url: '', closed: false, onerror: null as ((event: unknown) => void) | null, onmessage: null as ((event: { data: unknown }) => void) | null,
    addEventListener: (name: string, listener: (event: { data: unknown }) => void) => void (listeners[name] = listener),
    close: () => void (source.closed = true),
  };
  const posts: { url: string; body: string; answer(ok: boolean): void; fail(): void }[] = [];
  return {
    source, posts,
    open: (data: unknown = '{"key":"k/1"}') => listeners.open?.({ data }),
    given: {
      eventSource: (url: string) => ((source.url = url), source),
      post: (url: string, body: string) => new Promise<{ ok: boolean }>((resolve, reject) => posts.push({ url, body, answer: (ok) => resolve({ ok }), fail: () => reject(new Error('network')) })),
    },
  };
}

function made() {
  const p = parts();
  const socket = streamSocket('https://live.example/chat/stream', p.given);
  const seen = { open: vi.fn(), message: vi.fn(), close: vi.fn() };
  Object.assign(socket, { onopen: seen.open, onmessage: seen.message, onclose: seen.close });
  return { ...p, socket, seen };
}

describe('server-sent events and POST', () => {
  test('opens with the key the server gives, not with the browser\'s own open event', () => {
    const { open, seen, source } = made();
    expect(source.url).toBe('https://live.example/chat/stream');
    open(null);
    expect(seen.open).not.toHaveBeenCalled();
    open();
    open();
    expect(seen.open).toHaveBeenCalledTimes(1);
  });

  test('frames come as messages', () => {
    const { open, seen, source } = made();
    open();
    source.onmessage?.({ data: '{"reply":1,"code":0}' });
    expect(seen.message).toHaveBeenCalledWith({ data: '{"reply":1,"code":0}' });
  });

  test('frames go by POST to the key, one after the other, in order', async () => {
    const { open, socket, posts } = made();
    socket.send('early');
    expect(posts).toEqual([]);
    open();
    socket.send('a');
    socket.send('b');
    expect(posts.map((p) => [p.url, p.body])).toEqual([['https://live.example/chat/stream/k%2F1', 'early']]);
    posts[0]?.answer(true);
    await vi.waitFor(() => expect(posts).toHaveLength(2));
    posts[1]?.answer(true);
    await vi.waitFor(() => expect(posts.map((p) => p.body)).toEqual(['early', 'a', 'b']));
  });

  test.each(['refused', 'unreachable'])('a POST that is %s ends it', async (how) => {
    const { open, socket, posts, seen, source } = made();
    open();
    socket.send('a');
    if (how === 'refused') posts[0]?.answer(false);
    else posts[0]?.fail();
    await vi.waitFor(() => expect(seen.close).toHaveBeenCalledTimes(1));
    expect(source.closed).toBe(true);
  });

  test('an error of the source ends it: the browser must not come back as somebody else', () => {
    const { open, seen, source } = made();
    open();
    source.onerror?.({});
    source.onerror?.({});
    expect(seen.close).toHaveBeenCalledTimes(1);
    expect(source.closed).toBe(true);
  });

  test('closing drops what was not sent', async () => {
    const { open, socket, posts, seen, source } = made();
    open();
    socket.send('a');
    socket.send('b');
    socket.close(1000);
    posts[0]?.answer(true);
    await Promise.resolve();
    expect(posts).toHaveLength(1);
    expect([source.closed, seen.close.mock.calls.length]).toEqual([true, 1]);
  });
});
