import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ACTIONS, csvOf, detailsOf, gather, noFilter, queryOf, type Entry } from '../../src/admin/audit-model.ts';
import { ago, bits, moment, size, span, spanOf } from '../../src/admin/format.ts';
import { idFrom, stepOf, upcoming } from '../../src/admin/overview-model.ts';
import { actsFor } from '../../src/admin/room-acts.ts';
import { draftOf, emptyRoom, faultsOf, formOf, localTime, patchOf, serverTime } from '../../src/admin/room-form.ts';
import { inOrder, pictureAt, playing, Scan, trouble, type Health } from '../../src/admin/wall-model.ts';
import type { Schemas } from '../../src/api/http.ts';
import { language } from '../../src/i18n/index.ts';
import { record } from './make.ts';

type Room = Schemas['RoomBody'];

const room = (id: string, more: Partial<Room> = {}): Room =>
  ({
    id, groupId: id, stream: id, title: id, anchor: '', notice: '', scheduledAt: null, endAt: null, grace: '60s', pauseLimit: '1800s', playAuth: 'signed', earlyPush: 'accept', delay: '0s',
    delayRoom: false, maxViewers: 0, maxBandwidth: 0, createdAt: '2026-11-01T00:00:00Z', updatedAt: '2026-11-01T00:00:00Z', online: 0, viewers: { total: 0, flv: 0, hls: 0, rtmp: 0, wsflv: 0 },
    ...more, status: { ...record('waiting'), room: id, ...more.status },
  }) as Room;

describe('the form of a room', () => {
  test('empty, it leaves everything to the server', () => expect(draftOf(emptyRoom)).toEqual({}));

  test('says what was filled in, in the units of the server', () => {
    const form = {
      ...emptyRoom, title: ' Tea ', id: 'tea', anchor: 'alice', grace: '90', pauseLimit: '2.5', maxViewers: '100', maxBandwidth: '2.5', delay: '30', delayRoom: true, playAuth: 'none' as const,
      shots: 'on' as const, shotsEvery: '5', recordMode: 'always' as const, recordFormats: 'mp4' as const, recordKeep: '168', recordShift: '120', recordDownload: 'no' as const, endAt: '2026-12-01T20:00',
    };
    expect(draftOf(form)).toEqual({
      title: 'Tea', id: 'tea', anchor: 'alice', grace: '90s', pauseLimit: '150s', delay: '30s', endAt: new Date('2026-12-01T20:00').toISOString(), playAuth: 'none', delayRoom: true, maxViewers: 100,
      maxBandwidth: 2_500_000, screenshots: { every: '5s' }, recording: { mode: 'always', formats: ['hls', 'mp4'], keep: '604800s', timeShift: '7200s', download: false },
    });
  });

  test('what is read and saved unchanged changes nothing', () => {
    const full = room('demo', {
      scheduledAt: '2026-12-01T12:00:00.000Z', endAt: '2026-12-01T14:00:00.000Z', grace: '1500ms', maxViewers: 5, maxBandwidth: 1_500_000, delay: '10s', screenshots: { every: '0s' },
      recording: { mode: 'demand', formats: ['hls', 'flv', 'mp4'], keep: '3600s', timeShift: '0s', fileMax: '1800s', download: true },
    });
    const form = formOf(full);
    expect([form.shots, form.recordFormats, form.recordShift, form.grace]).toEqual(['off', 'all', '0', '1.5']);
    expect(patchOf(form, { ...form })).toEqual({});
    expect(draftOf(form).recording).toEqual({ ...full.recording, formats: ['hls', 'mp4', 'flv'] });
  });

  test('only what was changed is sent; what was emptied goes back to the server’s setting', () => {
    const form = formOf(room('demo', { endAt: '2026-12-01T14:00:00Z', maxViewers: 5, delay: '10s', screenshots: { every: '5s' }, recording: { mode: 'always' } }));
    const next = { ...form, title: 'New', endAt: '', maxViewers: '', delay: '', shots: 'setting' as const, recordMode: '' as const, grace: '' };
    expect(patchOf(form, next)).toEqual({ title: 'New', endAt: null, maxViewers: 0, delay: '0s', screenshots: null, recording: null });
  });

  test.each([
    ['an id with a space', { id: 'a b' }, 'id', 'fault_id'],
    ['a stream like a file', { stream: 'a.flv' }, 'stream', 'fault_stream'],
    ['a title of more than 120 bytes', { title: '茶'.repeat(41) }, 'title', 'fault_long'],
    ['an end before the beginning', { scheduledAt: '2026-12-01T20:00', endAt: '2026-12-01T19:00' }, 'endAt', 'fault_order'],
    ['a length of time that is none', { grace: 'soon' }, 'grace', 'fault_number'],
    ['a part of a viewer', { maxViewers: '1.5' }, 'maxViewers', 'fault_whole'],
    ['a delay of an hour', { delay: '3600' }, 'delay', 'fault_delay'],
    ['a delay of less than seconds', { delay: '1.5' }, 'delay', 'fault_delay'],
    ['pictures too often', { shots: 'on' as const, shotsEvery: '1' }, 'shotsEvery', 'fault_shots'],
  ])('%s is told before it is sent', (_name, part, field, fault) => expect(faultsOf({ ...emptyRoom, ...part }, true)).toEqual({ [field]: fault }));

  test('a room that is there must have a title, a new one gets its id', () => {
    expect(faultsOf(emptyRoom, true)).toEqual({});
    expect(faultsOf(emptyRoom, false)).toEqual({ title: 'fault_empty' });
  });

  test('times are those of the reader', () => {
    expect(serverTime(localTime('2026-12-01T20:15:00.000Z'))).toBe('2026-12-01T20:15:00.000Z');
    expect([localTime(null), serverTime(''), serverTime('soon')]).toEqual(['', null, null]);
  });
});

test.each([
  ['waiting', {}, 'playback end forbid'],
  ['live', {}, 'pause end drop forbid'],
  ['paused', { reason: 'by_admin', streamActive: true }, 'resume end drop forbid'],
  ['paused', { reason: 'push_lost', streamActive: false }, 'pause end forbid'],
  ['ended', { reason: 'grace_over' }, 'reopen playback forbid'],
  ['ended', { reason: 'forbidden' }, 'playback'],
  ['playback', {}, 'end reopen playback forbid'],
] as const)('what may be done while %s %o', (name, more, acts) => expect(actsFor(record(name, 1, more)).join(' ')).toBe(acts));

test('a room that was permitted again may be reopened, one that waits and is forbidden permitted', () => {
  expect(actsFor(record('ended', 1, { reason: 'forbidden' }), { forbidden: false })).toEqual(['reopen', 'playback', 'forbid']);
  expect(actsFor(record('ended', 1, { reason: 'forbidden' }), { forbidden: true })).toEqual(['permit', 'playback']);
  expect(actsFor(record('waiting'), { forbidden: true })).toEqual(['permit', 'playback', 'end']);
});

describe('the wall', () => {
  const fine: Health = { publishing: true, bitsPerSecond: 1, framesPerSecond: 25, worst: null };
  const bad = (severity: 'problem' | 'warning' | 'info'): Health => ({ ...fine, worst: { code: 'x', severity, text: '' } });

  test('problems come first, then warnings, then by people, and a few more people move nothing', () => {
    const tiles = [
      { room: room('calm', { online: 9 }), health: fine },
      { room: room('big', { online: 500 }), health: bad('info') },
      { room: room('also', { online: 8 }), health: fine },
      { room: room('warn'), health: bad('warning') },
      { room: room('broken'), health: bad('problem') },
      { room: room('lost'), health: null },
    ];
    const of = (r: Room) => record(r.id === 'lost' ? 'paused' : 'live', 1, { reason: r.id === 'lost' ? 'push_lost' : 'push_started' });
    expect(inOrder(tiles, of).map((t) => t.room.id)).toEqual(['broken', 'lost', 'warn', 'big', 'also', 'calm']);
  });

  test('who paused on purpose has no trouble', () => expect(trouble(record('paused', 1, { reason: 'by_anchor' }), bad('problem'))).toBe('fine'));

  test('a picture’s address changes with time, and not between', () => {
    expect(pictureAt('https://h/c.jpg?c=s', 320, 5000, 10_000)).toBe('https://h/c.jpg?c=s&width=320&at=2');
    expect(pictureAt('/c.jpg', 0, 5000, 14_999)).toBe('/c.jpg?at=2');
  });

  test('four play at most', () => {
    expect(playing(['a', 'b', 'c', 'd'], 'e')).toEqual(['b', 'c', 'd', 'e']);
    expect(playing(['a', 'b'], 'a')).toEqual(['b']);
  });

  describe('asking for pushes', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    test('few at a time, each again and again, none while nobody looks', async () => {
      let most = 0;
      let now = 0;
      const asked: string[] = [];
      const scan = new Scan({
        atOnce: 2,
        every: 1000,
        ask: async (id) => {
          most = Math.max(most, ++now);
          asked.push(id);
          await new Promise((resolve) => setTimeout(resolve, 100));
          now--;
          if (id === 'c') throw new Error('no');
          return fine;
        },
      });
      scan.start();
      scan.watch(['a', 'b', 'c', 'd']);
      await vi.advanceTimersByTimeAsync(900);
      expect(asked).toEqual(['a', 'b', 'c', 'd']);
      expect([most, [...scan.found.value.keys()]]).toEqual([2, ['a', 'b', 'd']]);
      await vi.advanceTimersByTimeAsync(1000);
      expect(asked.length).toBe(8);
      scan.watch(['b']);
      expect([...scan.found.value.keys()]).toEqual(['b']);
      scan.stop();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(asked.length).toBe(8);
      scan.start();
      await vi.advanceTimersByTimeAsync(0);
      expect(asked.slice(8)).toEqual(['b']);
      scan.stop();
    });
  });
});

describe('the audit log', () => {
  test('offers the acts that the documents name, all of them', () => {
    const doc = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');
    const table = doc.slice(doc.indexOf('| `action` | `target`, `detail` |')).split('\n\n')[0] ?? '';
    const named = table.split('\n').slice(2).flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, act = '']) => act));
    expect(named).toContain('mute');
    expect([...ACTIONS].sort()).toEqual(named.sort());
  });

  const entry = (seq: number, more: Partial<Entry> = {}): Entry => ({ seq, at: '2026-11-21T20:00:00Z', group: '@g', room: 'demo', by: 'administrator', platform: 'RESTAPI', address: '127.0.0.1', action: 'ban', target: 'bob', detail: {}, ...more });

  test('asks for what is filled in', () => {
    expect(queryOf(noFilter)).toEqual({});
    expect(queryOf({ ...noFilter, by: ' ann ', since: '2026-11-21T20:00' })).toEqual({ by: 'ann', since: new Date('2026-11-21T20:00').toISOString() });
  });

  test('as a table that no spreadsheet takes for formulas', () => {
    const lines = csvOf([entry(1, { target: '=1+1', detail: { reason: 'said "hi", twice', user: '' } }), entry(2, { by: '@sum', detail: { b: '2', a: '1' } })]).split('\r\n');
    expect(lines[0]).toBe('\ufeffseq,at,by,action,target,room,group,platform,address,detail');
    expect(lines[1]).toBe(`1,2026-11-21T20:00:00Z,administrator,ban,'=1+1,demo,'@g,RESTAPI,127.0.0.1,"reason=said ""hi"", twice"`);
    expect(lines[2]).toContain(",'@sum,");
    expect(lines[2]?.endsWith('a=1; b=2')).toBe(true);
    expect(lines[3]).toBe('');
    expect(detailsOf(entry(1, { detail: { x: '' } }))).toEqual([]);
  });

  test('all pages are gathered, and of too many the newest', async () => {
    const pages: Record<string, { acts: Entry[]; nextCursor?: string }> = { '': { acts: [entry(9), entry(8)], nextCursor: '8' }, '8': { acts: [], nextCursor: '5' }, '5': { acts: [entry(3)] } };
    const seen: number[] = [];
    const page = async (cursor: string) => pages[cursor] as { acts: Entry[] };
    expect((await gather(page, (n) => seen.push(n))).entries.map((e) => e.seq)).toEqual([9, 8, 3]);
    expect(seen).toEqual([2, 2, 3]);
    expect(await gather(page, () => {}, 1)).toEqual({ entries: [entry(9)], more: true });
    expect((await gather(page, () => {}, 3)).more).toBe(false);
  });
});

describe('the guide for who has just installed it', () => {
  test('a room first, then a push, then it is on air, and then never again', () => {
    expect(stepOf([], false, '').step).toBe('room');
    const fresh = [room('old'), room('new', { createdAt: '2026-11-02T00:00:00Z' })];
    expect(stepOf(fresh, false, '')).toMatchObject({ step: 'push', room: { id: 'new' } });
    expect(stepOf(fresh, false, 'old')).toMatchObject({ step: 'push', room: { id: 'old' } });
    const live = [room('old'), room('new', { status: record('live', 2, { session: 's' }) as unknown as Room['status'] })];
    expect(stepOf(live, false, 'new')).toMatchObject({ step: 'live', room: { id: 'new' } });
    expect(stepOf(live, false, '').step).toBe('done');
    expect(stepOf(fresh, true, '').step).toBe('done');
  });

  test.each([
    ['Friday Tea!', 'friday-tea'],
    ['Café —  Zürich', 'cafe-zurich'],
    ['周五茶会', ''],
    ['A '.repeat(60), 'a-'.repeat(24)],
  ])('the title %s suggests %s', (title, id) => expect(idFrom(title)).toBe(id));

  test('what is planned, the nearest first', () => {
    const now = Date.parse('2026-11-21T12:00:00Z');
    const at = (id: string, scheduledAt: string) => room(id, { scheduledAt });
    expect(upcoming([at('late', '2026-11-23T00:00:00Z'), at('soon', '2026-11-21T12:30:00Z'), at('gone', '2026-11-01T00:00:00Z'), room('none')], now).map((r) => r.id)).toEqual(['soon', 'late']);
  });
});

describe('figures', () => {
  afterEach(() => void (language.value = 'en'));
  test('are as the language writes them', () => {
    expect([size(0), size(1_534_000), size(999_999)]).toEqual(['0B', '1.53 MB', '1 MB']);
    expect([bits(900_000), bits(2_450_000)]).toEqual(['900 kbit/s', '2.5 Mbit/s']);
    expect([span(0), span(59), span(3605), span(180_000), spanOf('2.04s'), spanOf('90s')]).toEqual(['0 sec', '59 sec', '1 hr', '2 days 2 hr', '2 sec', '1 min 30 sec']);
    language.value = 'zh';
    expect(span(3660)).toBe('1小时 1分钟');
  });
  test('moments', () => {
    const now = Date.parse('2026-11-21T12:00:00Z');
    expect([ago('2026-11-21T11:58:30Z', now), ago('2026-11-21T15:00:00Z', now), ago(null, now)]).toEqual(['1 min. ago', 'in 3 hr.', '']);
    expect(moment(null)).toBe('');
    expect(moment('2026-11-21T11:58:30Z')).toMatch(/^11\/21\/2026, \d\d:58:30$/);
  });
});
