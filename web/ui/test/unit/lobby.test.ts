import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Api } from '../../src/api/client.ts';
import type { Room, StatusName } from '../../src/api/types.ts';
import { calendarFile } from '../../src/lib/calendar.ts';
import { LobbyModel, programme } from '../../src/pages/lobby-model.ts';
import { addressOf, Arranger, viewOf, words } from '../../src/pages/lobby-view.ts';
import { record } from './make.ts';

const room = (id: string, name: StatusName = 'live', more: Partial<Room> = {}): Room => ({
  id, groupId: id, stream: id, title: id, anchor: '', notice: '', scheduledAt: null, endAt: null, playAuth: 'signed', online: 3, status: record(name, 1, { room: id }), ...more,
});

describe('the address of the lobby', () => {
  test.each([
    ['', { q: '', show: 'all' }],
    ['?q=tea+pot&show=soon', { q: 'tea pot', show: 'soon' }],
    ['?q=%20%20a%20%20b%20', { q: 'a b', show: 'all' }],
    ['?show=everything', { q: '', show: 'all' }],
  ] as const)('%s', (search, want) => expect(viewOf(search)).toEqual(want));

  test('holds only what does not go without saying', () => {
    expect([addressOf({ q: '', show: 'all' }), addressOf({ q: '茶 & b', show: 'onair' })]).toEqual(['/', '/?q=%E8%8C%B6+%26+b&show=onair']);
    expect(viewOf(addressOf({ q: '茶 & b', show: 'onair' }).slice(1))).toEqual({ q: '茶 & b', show: 'onair' });
  });

  test('never asks for more than the server takes, and tears no character apart', () => {
    expect(words('x'.repeat(300))).toHaveLength(120);
    expect(words('茶'.repeat(300))).toBe('茶'.repeat(40));
    expect(words('🍵'.repeat(300))).toBe('🍵'.repeat(30));
  });
});

describe('cards', () => {
  const order = (arranged: ReturnType<typeof programme>) => arranged.map(({ section, rooms }) => `${section}: ${rooms.map((r) => `${r.id}${r.online}`).join(' ')}`);
  const popular = (...ids: string[]) => ids.map((id, i) => room(id, 'live', { popularity: 100 - i }));

  test('stay where they are while somebody points at one, and tell what is new', () => {
    const arranger = new Arranger();
    const at = (rooms: Room[], clock: number, view = '') => order(arranger.arrange(programme(rooms), view, clock));
    expect(at(popular('a', 'b'), 0)).toEqual(['onair: a3 b3']);
    arranger.hold(1000);
    const moved = [room('b', 'live', { popularity: 999, online: 70 }), room('c', 'live', { popularity: 500 }), room('a', 'ended', { online: 1 })];
    expect(at(moved, 2000)).toEqual(['onair: a1 b70']);
    expect(at([room('b')], 3000)).toEqual(['onair: a1 b3']); // one that is gone stays too, as it was last
    expect(arranger.release()).toBe(true);
    expect(at(moved, 4000)).toEqual(['onair: b70 c3', 'ended: a1']);
    expect(arranger.release()).toBe(false);
  });

  test('are not held by a pointer that was left lying, nor from another view', () => {
    const arranger = new Arranger();
    const at = (ids: string[], clock: number, view = '') => order(arranger.arrange(programme(popular(...ids)), view, clock));
    at(['a'], 0);
    arranger.hold(1000);
    expect(at(['b'], 60_999)).toEqual(['onair: a3']);
    expect(at(['b'], 61_000)).toEqual(['onair: b3']);
    arranger.hold(70_000);
    expect(at(['c'], 70_001, 'other')).toEqual(['onair: c3']);
  });

  test('the large one changes only when it is among the first no more', () => {
    const arranger = new Arranger();
    const at = (...ids: string[]) => order(arranger.arrange(programme(popular(...ids)), '', 0))[0];
    expect(at('a', 'b', 'c', 'd')).toBe('onair: a3 b3 c3 d3');
    expect(at('b', 'c', 'a', 'd')).toBe('onair: a3 b3 c3 d3');
    expect(at('b', 'c', 'd', 'a')).toBe('onair: b3 c3 d3 a3');
  });
});

describe('what the lobby asks for', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function made(all: Room[]) {
    const lists: Record<string, unknown>[] = [];
    const statuses: string[][] = [];
    const api = {
      rooms: (q: { limit: number; status?: string; cursor?: string; q?: string }) => {
        lists.push(q);
        const found = all.filter((r) => (!q.status || r.status.name === q.status) && (!q.q || r.title.includes(q.q)));
        const from = Number(q.cursor ?? 0);
        return Promise.resolve({ rooms: found.slice(from, from + q.limit), ...(from + q.limit < found.length ? { nextCursor: String(from + q.limit) } : {}) });
      },
      statuses: (ids: string[]) => {
        statuses.push(ids);
        return Promise.resolve({ statuses: all.filter((r) => ids.includes(r.id)).map((r) => ({ ...r.status, online: r.online })), missing: ids.filter((id) => !all.some((r) => r.id === id)) });
      },
      recommendations: () => Promise.resolve([]),
    } as unknown as Api;
    return { model: new LobbyModel(api, () => null, () => 0.5), lists, statuses };
  }

  test('the statuses of all that is listed come in one call, and nothing while nobody looks', async () => {
    const all = [room('a'), room('b', 'waiting'), room('c')];
    const { model, lists, statuses } = made(all);
    await model.refresh();
    all[0] = { ...room('a', 'ended', { online: 9 }), status: record('ended', 2, { room: 'a' }) };
    all.pop();
    await vi.advanceTimersByTimeAsync(4000);
    expect(statuses).toEqual([['a', 'b', 'c']]);
    expect(lists).toHaveLength(1);
    expect(model.rooms.value.map((r) => [r.id, r.status.name, r.online])).toEqual([['a', 'ended', 9], ['b', 'waiting', 3]]);
    model.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([lists.length, statuses.length]).toEqual([1, 1]);
  });

  test('an older status changes nothing', async () => {
    const all = [{ ...room('a'), status: record('live', 5, { room: 'a' }) }];
    const { model } = made(all);
    await model.refresh();
    all[0] = { ...room('a', 'ended'), status: record('ended', 4, { room: 'a' }) };
    await vi.advanceTimersByTimeAsync(4000);
    expect(model.rooms.value[0]?.status).toMatchObject({ name: 'live', version: 5 });
    model.stop();
  });

  test('a thousand rooms come by pages, are kept when the first page is read again, and what comes up is there at once', async () => {
    const all = Array.from({ length: 1000 }, (_, i) => room(`r${String(i).padStart(4, '0')}`, i === 999 ? 'waiting' : 'live', { popularity: 5000 - i }));
    const { model, lists, statuses } = made(all);
    await model.refresh();
    expect([model.rooms.value.length, model.more.value]).toEqual([49, true]);
    expect(model.rooms.value.some((r) => r.id === 'r0999')).toBe(true);
    const first = lists.length;
    for (let i = 0; model.more.value && i < 40; i++) await model.showMore();
    expect(lists.length - first).toBe(20); // no page was read twice
    expect(new Set(model.rooms.value.map((r) => r.id)).size).toBe(1000);
    expect(model.rooms.value).toHaveLength(1000);
    const before = lists.length;
    await vi.advanceTimersByTimeAsync(8000);
    expect(lists.length - before).toBeLessThanOrEqual(2); // the first page, and what comes up
    expect(model.rooms.value).toHaveLength(1000);
    expect(Math.max(...statuses.map((ids) => ids.length))).toBe(500);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(new Set(statuses.flat()).size).toBe(1000);
    model.stop();
  });

  test('on air is what is live and what pauses; words are looked for by the server', async () => {
    const { model, lists } = made([room('a'), room('b', 'paused'), room('tea', 'ended')]);
    await model.look({ q: '', show: 'onair' });
    expect(model.rooms.value.map((r) => r.id)).toEqual(['a', 'b']);
    await model.look({ q: 'tea', show: 'all' });
    expect(model.rooms.value.map((r) => r.id)).toEqual(['tea']);
    expect(lists.at(-1)).toMatchObject({ q: 'tea', sort: 'popularity' });
    expect([model.turning.value, model.more.value]).toEqual([false, false]);
    model.stop();
  });

  test('what was asked for before never stands in the place of what is asked for now', async () => {
    let answer: ((rooms: Room[]) => void) | undefined;
    const api = {
      rooms: (q: { q?: string }) => (q.q === 'slow' ? new Promise((resolve) => (answer = (rooms) => resolve({ rooms }))) : Promise.resolve({ rooms: [room('b')] })),
      recommendations: () => Promise.resolve([]),
    } as unknown as Api;
    const model = new LobbyModel(api);
    const slow = model.look({ q: 'slow', show: 'all' });
    await model.look({ q: 'fast', show: 'all' });
    answer?.([room('a')]);
    await slow;
    expect(model.rooms.value.map((r) => r.id)).toEqual(['b']);
    model.stop();
  });

  test('an empty page is not the last one where there is another', async () => {
    const api = {
      rooms: ({ cursor }: { cursor?: string }) => Promise.resolve(cursor ? { rooms: [room('far')] } : { rooms: [], nextCursor: '2' }),
      recommendations: () => Promise.resolve([]),
    } as unknown as Api;
    const model = new LobbyModel(api);
    await model.look({ q: 'far', show: 'all' });
    expect(model.rooms.value.map((r) => r.id)).toEqual(['far']);
    model.stop();
  });
});

describe('an appointment', () => {
  const plain = { id: 'quiz', title: 'Pub quiz', url: 'https://live.example/rooms/quiz', text: 'with Ann', from: '2026-12-01T20:00:00.000Z', to: null };
  const now = new Date('2026-11-30T12:00:00Z');
  const lines = (more: Partial<typeof plain> | { to: string }) => calendarFile({ ...plain, ...more }, now).split('\r\n');

  test('is what calendars read', () => {
    expect(lines({})).toEqual([
      'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//liveroom//lobby//EN', 'METHOD:PUBLISH', 'BEGIN:VEVENT', 'UID:quiz@live.example', 'DTSTAMP:20261130T120000Z',
      'DTSTART:20261201T200000Z', 'DTEND:20261201T210000Z', 'SUMMARY:Pub quiz', 'DESCRIPTION:with Ann', 'URL:https://live.example/rooms/quiz',
      'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT10M', 'DESCRIPTION:Pub quiz', 'END:VALARM', 'END:VEVENT', 'END:VCALENDAR', '',
    ]);
    expect(lines({ to: '2026-12-01T22:30:00Z' })).toContain('DTEND:20261201T223000Z');
    expect(lines({ to: '2026-12-01T19:00:00Z' })).toContain('DTEND:20261201T210000Z');
  });

  test('holds whatever a title holds, in lines of 75 bytes', () => {
    const title = `a,b;c\\d\nEND:VEVENT\x07 ${'陶艺'.repeat(40)}`;
    const file = calendarFile({ ...plain, title }, now);
    for (const line of file.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
    expect(file.replaceAll('\r\n ', '')).toContain(`SUMMARY:a\\,b\\;c\\\\d\\nEND:VEVENT ${'陶艺'.repeat(40)}\r\n`);
    expect(file.match(/^END:VEVENT/gm)).toHaveLength(1);
  });
});
