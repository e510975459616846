import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StatusName, StatusRecord } from '../../src/api/types.ts';
import { Shown } from '../../src/status/shown.ts';
import { record } from './make.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-21T06:00:00.000Z') }));
afterEach(() => void vi.useRealTimers());

/** A page that is shown what its room is in, and says what it shows. */
function page(more: { ahead?: number; toldLater?: boolean } = {}) {
  let now: StatusRecord | null = null;
  let version = 0;
  const ahead = more.ahead ?? 0;
  const shown = new Shown({ show: (next) => void (now = next), ahead: () => ahead, toldLater: () => more.toldLater ?? false });
  return {
    shown,
    /** A status that was entered so many seconds ago, by the server's clock. */
    take: (name: StatusName, reason: string, delay = 30, ago = 0) =>
      shown.take(record(name, ++version, { reason, delay, since: new Date(Date.now() + ahead - ago * 1000).toISOString() })),
    sees: () => now && `${now.name} ${now.version}`,
    pass: (seconds: number) => vi.advanceTimersByTime(seconds * 1000),
  };
}

describe('a status is shown as late as the picture', () => {
  test('at once where there is no delay', () => {
    const p = page();
    p.take('waiting', 'created', 0, 500);
    p.take('live', 'push_started', 0);
    expect(p.sees()).toBe('live 2');
    p.take('ended', 'by_anchor', 0);
    expect(p.sees()).toBe('ended 3');
  });

  test('each so long after it happened, in their order', () => {
    const p = page();
    p.take('waiting', 'created', 0, 500);
    p.take('live', 'push_started');
    p.pass(10);
    p.take('paused', 'push_lost');
    p.pass(19.9);
    expect(p.sees()).toBe('waiting 1');
    p.pass(0.2);
    expect(p.sees()).toBe('live 2');
    p.take('live', 'push_resumed', 5); // a push with a smaller delay comes behind the rest
    p.pass(9);
    expect(p.sees()).toBe('live 2');
    p.pass(1);
    expect(p.sees()).toBe('live 4');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('what an operator takes off is gone at once, and what was to come with it', () => {
    const p = page();
    p.take('waiting', 'created', 0, 500);
    p.take('live', 'push_started');
    p.take('paused', 'push_dropped', 0);
    expect(p.sees()).toBe('paused 3');
    p.take('live', 'push_resumed');
    p.take('ended', 'forbidden', 0);
    expect(p.sees()).toBe('ended 5');
    p.pass(60);
    expect(p.sees()).toBe('ended 5');
  });

  test.each([
    ['live', 'waiting 1', 'live 1'],
    ['ended', 'live 1', 'ended 1'],
    ['paused', 'live 1', 'paused 1'],
  ] as const)('who comes %s in between sees what the others see', (name, now, then) => {
    for (const ahead of [0, 3_600_000, -3_600_000]) {
      const p = page({ ahead });
      p.take(name, 'by_anchor', 30, 20);
      expect(p.sees()).toBe(now);
      p.pass(10);
      expect(p.sees()).toBe(then);
    }
    const late = page();
    late.take(name, 'by_anchor', 30, 40);
    expect(late.sees()).toBe(then);
  });

  test('what changes within a status counts from when it is told, but where that is late already', () => {
    for (const [toldLater, want] of [[false, 'paused 1'], [true, 'paused 2']] as const) {
      const p = page({ toldLater });
      const since = new Date(Date.now() - 60_000).toISOString();
      p.shown.take(record('paused', 1, { reason: 'push_lost', delay: 30, since }));
      p.shown.take(record('paused', 2, { reason: 'by_anchor', delay: 30, since }));
      expect(p.sees()).toBe(want);
      p.pass(30);
      expect(p.sees()).toBe('paused 2');
    }
  });

  test('a page that is left shows nothing more', () => {
    const p = page();
    p.take('live', 'push_started');
    p.shown.stop();
    p.pass(60);
    expect(p.sees()).toBe('waiting 1');
    expect(vi.getTimerCount()).toBe(0);
  });
});
