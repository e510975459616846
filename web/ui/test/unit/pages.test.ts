import { create } from 'liveroom-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeServer } from '../../../sdk/test/fake-server.ts';
import type { Api } from '../../src/api/client.ts';
import { ApiError } from '../../src/api/client.ts';
import type { Room, RoomPage, StatusName } from '../../src/api/types.ts';
import { composing } from '../../src/components/composer.tsx';
import { split } from '../../src/components/countdown.tsx';
import { DanmakuGate } from '../../src/components/danmaku-gate.ts';
import { Backoff } from '../../src/lib/backoff.ts';
import { hash } from '../../src/lib/hash.ts';
import { Pace } from '../../src/lib/pace.ts';
import { roomOfPath } from '../../src/lib/page.ts';
import { LobbyModel, programme, reasonOf } from '../../src/pages/lobby-model.ts';
import { RoomModel, sourceOf } from '../../src/pages/room-model.ts';
import { record } from './make.ts';

const room = (id: string, name: StatusName, more: Partial<Room> = {}): Room => ({
  id,
  groupId: id,
  stream: id,
  title: id,
  anchor: '',
  notice: 'from the room',
  scheduledAt: null,
  endAt: null,
  playAuth: 'signed',
  status: record(name, 1, { room: id }),
  online: 3,
  ...more,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
let app = 1000;
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('a room’s source', () => {
  test.each([
    ['waiting', {}, { kind: 'none' }],
    ['live', {}, { kind: 'live', expecting: true }],
    ['paused', {}, { kind: 'live', expecting: false }],
    ['ended', {}, { kind: 'none' }],
    ['playback', { playbackUrl: '/a.mp4' }, { kind: 'playback', url: '/a.mp4' }],
    ['playback', {}, { kind: 'none' }],
  ] as const)('%s %j', (name, more, want) => expect(sourceOf(record(name, 1, more))).toEqual(want));
  test('unknown yet', () => expect(sourceOf(null)).toEqual({ kind: 'none' }));
});

describe('a viewer page', () => {
  function model(api: Partial<Api>) {
    const server = new FakeServer();
    Object.assign(server.group().state, { count: { members: 1, viewers: 49, online: 50 }, notice: 'from the chat' });
    const made = new RoomModel({
      api: { status: () => new Promise(() => {}), ...api } as Api,
      room: 'demo',
      identities: { load: () => null, save: () => {}, renamed: () => {}, forget: () => {} },
      sdk: create({ SDKAppID: app++, host: 'https://live.example', environment: { socket: server.socket, watch: () => () => {}, log: () => {} } }),
    });
    return { made, server };
  }

  test('takes count and notice from the chat while it is there, from the room before', async () => {
    const { made, server } = model({ room: () => Promise.resolve(room('demo', 'live')) });
    void made.start();
    await settle();
    expect([made.state.value, made.online.value, made.notice.value.text]).toEqual(['ready', 3, 'from the room']);
    await vi.advanceTimersByTimeAsync(20);
    expect([made.online.value, made.notice.value.text]).toEqual([50, 'from the chat']);
    server.cut();
    expect(made.online.value).toBe(3);
    made.stop();
  });

  test('a room that is not there yet is found when it is', async () => {
    let there = false;
    const { made } = model({ room: () => (there ? Promise.resolve(room('demo', 'live')) : Promise.reject(new ApiError(404, 'unknown_room', ''))) });
    void made.start();
    await settle();
    expect(made.state.value).toBe('missing');
    there = true;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(made.state.value).toBe('ready');
    made.stop();
  });

  test('an unreachable server is told apart from a missing room', async () => {
    const { made } = model({ room: () => Promise.reject(new ApiError(0, 'unreachable', '')) });
    void made.start();
    await settle();
    expect(made.state.value).toBe('error');
    made.stop();
  });

  test('polls the status only while the chat is away', async () => {
    const status = vi.fn((_id: string, _known: unknown, signal?: AbortSignal) => {
      signal?.addEventListener('abort', () => aborted++);
      return status.mock.calls.length === 1 ? Promise.resolve({ ...record('ended', 9), online: 8 }) : new Promise<never>(() => {});
    });
    let aborted = 0;
    const { made, server } = model({ room: () => Promise.resolve(room('demo', 'live')), status: status as unknown as Api['status'] });
    server.doors = 'shut';
    void made.start();
    await settle();
    expect(status).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(3100);
    expect(made.status.value?.version).toBe(9);
    expect(made.online.value).toBe(8);
    server.doors = 'open';
    await vi.advanceTimersByTimeAsync(20_000);
    expect(aborted).toBeGreaterThan(0);
    made.stop();
  });

  test('the chat session is waited for, but not for ever', async () => {
    const { made, server } = model({ room: () => Promise.resolve(room('demo', 'live')) });
    server.doors = 'silent';
    void made.start();
    await settle();
    const late = made.session();
    await vi.advanceTimersByTimeAsync(1600);
    expect(await late).toBe('');
    server.doors = 'open';
    await vi.advanceTimersByTimeAsync(12_000); // the silent line is given up
    expect(await made.session()).toBe('S2');
    made.stop();
  });
});

describe('the lobby', () => {
  test('is a programme', () => {
    const at = (iso: string) => ({ scheduledAt: iso });
    const list = [
      room('over', 'ended'),
      room('later', 'waiting', at('2026-12-02T00:00:00Z')),
      room('never', 'waiting'),
      room('sooner', 'waiting', at('2026-12-01T00:00:00Z')),
      room('small', 'live', { online: 2 }),
      room('big', 'live', { online: 200 }),
      room('break', 'paused', { online: 999 }),
      room('again', 'playback'),
    ];
    expect(programme(list).map(({ section, rooms }) => [section, rooms.map((r) => r.id)])).toEqual([
      ['onair', ['big', 'small', 'break']],
      ['soon', ['sooner', 'later', 'never']],
      ['replay', ['again']],
      ['ended', ['over']],
    ]);
    expect(programme([])).toEqual([]);
  });

  test('reads again by itself, keeps what it knew when that fails, and stops unseen', async () => {
    let fail = false;
    const rooms = vi.fn(() => (fail ? Promise.reject(new Error('down')) : Promise.resolve<RoomPage>({ rooms: [room('a', 'live')] })));
    const model = new LobbyModel({ rooms } as unknown as Api, undefined, () => 0.5);
    await model.refresh();
    expect(model.state.value).toBe('ready');
    fail = true;
    await vi.advanceTimersByTimeAsync(8000);
    expect(model.state.value).toBe('error');
    expect(model.rooms.value).toHaveLength(1);
    fail = false;
    await vi.advanceTimersByTimeAsync(16_000);
    expect(model.state.value).toBe('ready');
    model.stop();
    const calls = rooms.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rooms.mock.calls.length).toBe(calls);
  });

  test('is read less often while nothing changes, its reasons less often still, and never by all at the same moment', async () => {
    let online = 1;
    const asked = { rooms: [] as number[], reasons: [] as number[] };
    const api = {
      rooms: () => (asked.rooms.push(Date.now()), Promise.resolve({ rooms: [room('a', 'live', { online })] })),
      recommendations: () => (asked.reasons.push(Date.now()), Promise.resolve([])),
    } as unknown as Api;
    const waits = (times: number[]) => times.slice(1).map((at, i) => at - (times[i] as number));
    const model = new LobbyModel(api, undefined, () => 0.5);
    await model.refresh();
    await vi.advanceTimersByTimeAsync(8000 + 16_000 + 24_000 + 24_000);
    expect(waits(asked.rooms)).toEqual([8000, 16_000, 24_000, 24_000]);
    expect(asked.reasons).toHaveLength(2);
    online = 2;
    await vi.advanceTimersByTimeAsync(24_000 + 8000);
    expect(waits(asked.rooms).slice(4)).toEqual([24_000, 8000]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(asked.reasons.length).toBeLessThan(3600 / 240 + 4);
    const before = [asked.rooms.length, asked.reasons.length];
    await model.refresh(); // the page is seen again
    expect([asked.rooms.length - (before[0] as number), asked.reasons.length - (before[1] as number)]).toEqual([1, 0]);
    model.stop();
    const pace = (random: number) => new Pace({ baseMs: 8000, capMs: 32_000, random: () => random }).next(true);
    expect([pace(0), pace(0.999)]).toEqual([6000, 9996]);
  });

  test('whom one follows comes first, then what is popular; a signature that ran out loses the reasons of a person only', async () => {
    const rooms = [room('calm', 'live', { popularity: 1 }), room('loud', 'live', { popularity: 9 }), room('mine', 'live', { popularity: 5 })];
    const asked: (string | undefined)[] = [];
    let valid = true;
    const api = {
      rooms: (q: { sort?: string }) => Promise.resolve({ rooms: q.sort === 'popularity' ? rooms : [] }),
      recommendations: (_limit: number, who: { userID: string } | null) => {
        asked.push(who?.userID);
        if (who && !valid) return Promise.reject(new ApiError(401, 'unauthorized', ''));
        return Promise.resolve([{ ...rooms[1], reasons: ['popular'] }, ...(who ? [{ ...rooms[2], reasons: ['new', 'following'] }] : [])]);
      },
    } as unknown as Api;
    const model = new LobbyModel(api, () => ({ userID: 'vera', userSig: 's' }));
    const order = () => programme(model.rooms.value, model.reasons.value)[0]?.rooms.map((r) => [r.id, reasonOf(model.reasons.value.get(r.id))]);
    await model.refresh();
    expect(order()).toEqual([['mine', 'following'], ['loud', 'popular'], ['calm', null]]);
    valid = false;
    model.stop();
    await vi.advanceTimersByTimeAsync(300_000);
    await model.refresh();
    expect(order()).toEqual([['loud', 'popular'], ['mine', null], ['calm', null]]);
    expect(asked).toEqual(['vera', 'vera', undefined]);
    model.stop();
    await vi.advanceTimersByTimeAsync(300_000);
    await model.refresh();
    expect(asked).toEqual(['vera', 'vera', undefined, undefined]); // not with what was refused
    model.stop();
  });

  test('more pages follow the cursor, and a room on two pages is listed once', async () => {
    const pages: Record<string, RoomPage> = {
      '': { rooms: [room('a', 'live'), room('b', 'live')], nextCursor: 'c1' },
      c1: { rooms: [room('b', 'live'), room('c', 'live')] },
    };
    const model = new LobbyModel({ rooms: (q: { cursor?: string }) => Promise.resolve(pages[q.cursor ?? '']) } as unknown as Api);
    await model.refresh();
    expect([model.rooms.value.length, model.more.value]).toEqual([2, true]);
    await model.showMore();
    expect(model.rooms.value.map((r) => r.id)).toEqual(['a', 'b', 'c']);
    expect(model.more.value).toBe(false);
    model.stop();
  });
});

describe('small parts', () => {
  test.each([
    ['/rooms/demo', 'demo', false],
    ['/embed/demo', 'demo', true],
    ['/rooms/demo/', 'demo', false],
    ['/rooms/a%2Db', 'a-b', false],
    ['/rooms/%', '', false],
    ['/', '', false],
    ['/rooms/a/b', '', false],
  ])('%s is for room %j', (path, id, embedded) => expect(roomOfPath(path)).toEqual({ room: id, embedded }));

  test.each([
    [0, '00:00:00'],
    [-5, '00:00:00'],
    [3_599_999, '00:59:59'],
    [90_061_000, '1:01:01:01'],
  ])('%d ms are %s', (ms, want) => expect(split(ms).map((p) => p.value).join(':')).toBe(want));

  test.each([
    [{ isComposing: true, keyCode: 13 }, true],
    [{ isComposing: false, keyCode: 229 }, true], // Safari, after the composition ended
    [{ isComposing: false, keyCode: 13 }, false],
  ])('Enter %j belongs to the input method: %s', (ev, want) => expect(composing(ev)).toBe(want));

  test('flying messages are few and not the same', () => {
    const gate = new DanmakuGate(3, 4000);
    expect(['a', 'a', 'b', 'c', 'd'].map((text) => gate.admits(text, 1000))).toEqual([true, false, true, true, false]);
    expect(gate.admits('d', 2000)).toBe(true);
    expect(gate.admits('a', 4999)).toBe(false);
    expect(gate.admits('a', 5000)).toBe(true);
  });

  test('waits have jitter within bounds', () => {
    const low = new Backoff({ baseMs: 100, capMs: 1000, random: () => 0 });
    const high = new Backoff({ baseMs: 100, capMs: 1000, random: () => 0.999 });
    expect([low.next(), low.next(), low.next(), low.next(), low.next()]).toEqual([50, 100, 200, 400, 500]);
    expect([high.next(), high.next(), high.next(), high.next(), high.next()]).toEqual([100, 200, 400, 800, 1000]);
    for (let i = 0; i < 2000; i++) high.next();
    expect(high.next()).toBeLessThanOrEqual(1000);
    high.reset();
    expect(high.next()).toBe(100);
  });

  test('a nick has one colour', () => {
    expect(hash('Ana')).toBe(hash('Ana'));
    expect(new Set(['a', 'b', 'c', 'd', 'e', 'f'].map((n) => hash(n) % 8)).size).toBeGreaterThan(2);
  });
});
