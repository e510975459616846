import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StatusAnswer, StatusRecord } from '../../src/api/types.ts';
import { StatusFollower } from '../../src/status/follow.ts';
import { parseRecord, reduce } from '../../src/status/newest.ts';
import { rank, scene } from '../../src/status/record.ts';
import { record } from './make.ts';

describe('which record is believed', () => {
  const now = record('live', 7);
  test.each([
    ['the first', null, record('waiting', 1), true],
    ['a larger version', now, record('paused', 8), true],
    ['the same again', now, record('live', 7), false],
    ['a late one', now, record('waiting', 6), false],
    ['a larger epoch with a smaller version', now, record('waiting', 1, { epoch: '01J2' }), true],
    ['a smaller epoch with a larger version', now, record('ended', 99, { epoch: '01J0' }), false],
  ])('%s', (_name, current, next, believed) => {
    expect(reduce(current, next)).toBe(believed ? next : current);
  });

  test('any order of arrival ends with the newest', () => {
    const all = [record('waiting', 1), record('live', 2), record('paused', 3), record('ended', 4), record('waiting', 1, { epoch: '01J2' })];
    for (const first of all) {
      const order = [first, ...all.filter((r) => r !== first).reverse()];
      expect(order.reduce<StatusRecord | null>(reduce, null)).toBe(all[4]);
    }
  });
});

describe('reading a record', () => {
  test('as an object and as the attribute text', () => {
    const r = record('playback', 3, { playbackUrl: 'https://x/y.mp4' });
    expect(parseRecord(r)).toEqual(r);
    expect(parseRecord(JSON.stringify(r))).toEqual(r);
  });

  test('takes the name from the code, whatever is written beside it', () => {
    expect(parseRecord({ ...record('live'), name: 'ended' })?.name).toBe('live');
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text that is no JSON', '{'],
    ['a list', []],
    ['no epoch', { ...record('live'), epoch: '' }],
    ['no version', { ...record('live'), version: undefined }],
    ['a version that is no whole number', { ...record('live'), version: 1.5 }],
    ['a code out of the list', { ...record('live'), code: 9 }],
  ])('%s is no record', (_name, value) => expect(parseRecord(value)).toBeNull());

  test('fields of another type are left empty', () => {
    expect(parseRecord({ ...record('live'), reason: 5, playbackUrl: 7, graceUntil: '', streamActive: 'yes' })).toMatchObject({
      reason: '',
      playbackUrl: null,
      graceUntil: null,
      streamActive: false,
    });
  });
});

describe('scene', () => {
  test.each([
    ['waiting', 'created', 'waiting'],
    ['live', 'push_started', 'live'],
    ['paused', 'push_lost', 'interrupted'],
    ['paused', 'push_closed', 'interrupted'],
    ['paused', 'push_silent', 'interrupted'],
    ['paused', 'push_dropped', 'interrupted'],
    ['paused', 'resumed', 'interrupted'], // resumed without a stream: fresh grace
    ['paused', 'by_anchor', 'paused'],
    ['paused', 'by_admin', 'paused'],
    ['ended', 'grace_over', 'ended'],
    ['playback', 'playback_started', 'playback'],
  ] as const)('%s because of %s shows %s', (name, reason, want) => expect(scene(record(name, 1, { reason }))).toBe(want));

  test('a lobby shows what can be watched first', () => {
    const names = ['ended', 'playback', 'waiting', 'paused', 'live'] as const;
    expect([...names].sort((a, b) => rank(record(a)) - rank(record(b)))).toEqual(['live', 'paused', 'waiting', 'playback', 'ended']);
  });
});

describe('long poll', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function follower(poll: (known: { epoch: string; version: number } | undefined, call: number) => Promise<StatusAnswer>) {
    let current: StatusRecord | null = null;
    const calls: ({ epoch: string; version: number } | undefined)[] = [];
    const f = new StatusFollower({
      poll: (known) => {
        calls.push(known);
        return poll(known, calls.length);
      },
      current: () => current,
      onAnswer: (answer) => {
        current = reduce(current, answer as StatusRecord);
      },
    });
    return { f, calls, current: () => current };
  }
  const never = () => new Promise<StatusAnswer>(() => {});

  test('asks once at once, then waits for something newer than it knows', async () => {
    const { f, calls, current } = follower((_known, call) => (call === 1 ? Promise.resolve(record('waiting', 4)) : call === 2 ? Promise.resolve(record('live', 5)) : never()));
    f.start();
    f.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(current()?.version).toBe(5);
    expect(calls.map((k) => k?.version)).toEqual([undefined, 4, 5]);
    f.stop();
  });

  test('a failing server is asked less and less often', async () => {
    const { f, calls } = follower(() => Promise.reject(new Error('down')));
    f.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.length).toBeGreaterThan(4);
    expect(calls.length).toBeLessThan(12);
    f.stop();
    const before = calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.length).toBe(before);
  });

  test('a proxy that answers at once without news is not asked in a tight loop', async () => {
    const { f, calls } = follower(() => Promise.resolve(record('live', 4)));
    f.start();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calls.length).toBeLessThan(13);
    f.stop();
    expect(f.running).toBe(false);
  });
});
