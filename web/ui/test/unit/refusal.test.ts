import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isFull, refusalOf } from '../../src/player/refusal.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answering = (answer: () => Response) => {
  const signals: AbortSignal[] = [];
  const fetcher = ((_url: string, init: RequestInit) => {
    signals.push(init.signal as AbortSignal);
    return Promise.resolve(answer());
  }) as typeof fetch;
  return { fetcher, signals };
};

test('the code of a refusal is read from its problem', async () => {
  const { fetcher } = answering(() => new Response('{"code":"room_full","detail":"…"}', { status: 503 }));
  expect(await refusalOf('http://h/a.flv', fetcher)).toBe('room_full');
});

test('an address that plays is let go of at once', async () => {
  const { fetcher, signals } = answering(() => new Response('FLV'));
  expect(await refusalOf('http://h/a.flv', fetcher)).toBe('');
  expect(signals[0]?.aborted).toBe(true);
});

test('a proxy’s own page, or nobody, says nothing', async () => {
  expect(await refusalOf('http://h/a.flv', answering(() => new Response('<h1>502</h1>', { status: 502 })).fetcher)).toBe('');
  expect(await refusalOf('http://h/a.flv', answering(() => new Response('{"code":7}', { status: 503 })).fetcher)).toBe('');
  expect(await refusalOf('http://h/a.flv', () => Promise.reject(new TypeError('offline')))).toBe('');
});

test('who takes too long is not waited for', async () => {
  const silent = ((_url: string, init: RequestInit) =>
    new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted'))))) as typeof fetch;
  const asked = refusalOf('http://h/a.flv', silent);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await asked).toBe('');
});

test('only what says that there is no place does', () => {
  expect(['room_full', 'room_bandwidth', 'node_full', 'node_bandwidth', 'store_unavailable', 'not_live', ''].filter(isFull)).toEqual([
    'room_full',
    'room_bandwidth',
    'node_full',
    'node_bandwidth',
  ]);
});
