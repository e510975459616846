import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GiftResult } from 'liveroom-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeServer } from '../../../sdk/test/fake-server.ts';
import { added, emptyLog, LOG_LIMIT, rowOf, type GiftsRow, type Row } from '../../src/chat/log.ts';
import { en } from '../../src/i18n/en.ts';
import { fits } from '../../src/interact/fair.ts';
import { GiftLane, SLOTS } from '../../src/interact/lane.ts';
import { parseNotice } from '../../src/interact/notice.ts';
import { MOST_PARTICLES, Particles } from '../../src/interact/particles.ts';
import { pass, visit } from './life.ts';
import { element } from './make.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function gift(user: string, more: Partial<GiftResult> = {}): GiftResult {
  return {
    groupID: 'demo', gift: { id: 'rose', name: 'Rose', price: 100, icon: '', effect: 'none' }, from: { userID: user, nick: user, avatar: '', level: 0 }, to: 'anna', count: 1, value: 100,
    combo: '', comboTotal: 1, final: true, order: '', session: '', ...more,
  };
}

describe('gifts over the picture', () => {
  const totals = (lane: GiftLane) => lane.runs.value.map((run) => [run.from.userID, run.total]);

  test('a run grows in its place, whatever order its messages come in, and goes when it rests', () => {
    const lane = new GiftLane();
    for (const comboTotal of [20, 60, 40]) lane.take(gift('bo', { combo: 'c', count: 20, comboTotal }), false);
    expect(totals(lane)).toEqual([['bo', 60]]);
    vi.advanceTimersByTime(3900);
    lane.take(gift('bo', { combo: 'c', count: 20, comboTotal: 80 }), false);
    vi.advanceTimersByTime(3900);
    expect(totals(lane)).toEqual([['bo', 80]]);
    vi.advanceTimersByTime(200);
    expect(totals(lane)).toEqual([]);
  });

  test('gifts that are no run add up while they are shown; runs of two clickers do not', () => {
    const lane = new GiftLane();
    lane.take(gift('bo', { count: 3 }), false);
    lane.take(gift('bo', { count: 4 }), false);
    lane.take(gift('bo', { combo: 'c', comboTotal: 9 }), false);
    lane.take(gift('cy'), false);
    expect(totals(lane)).toEqual([['bo', 7], ['bo', 9], ['cy', 1]]);
  });

  test('of a flood the queue keeps the most valuable and one’s own, and everything goes by', () => {
    const lane = new GiftLane();
    lane.take(gift('me', { value: 1 }), true);
    for (let i = 0; i < 5000; i++) lane.take(gift(`u${i}`, { value: i }), false);
    lane.take(gift('me', { value: 1, gift: { id: 'tea', name: 'Tea', price: 1, icon: '', effect: '' } }), true);
    expect(lane.runs.value).toHaveLength(SLOTS);
    expect(lane.waiting).toBeLessThanOrEqual(40);
    const shown = new Set<string>();
    while (lane.runs.value.length > 0) {
      for (const run of lane.runs.value) shown.add(`${run.from.userID} ${run.gift.id}`);
      vi.advanceTimersByTime(100);
    }
    expect([shown.has('me tea'), shown.has('u4999 rose'), shown.has('u2000 rose')]).toEqual([true, true, false]);
  });

  test('one that never rests makes room for who waits', () => {
    const lane = new GiftLane(1);
    for (let t = 0; t < 12_000; t += 500) {
      lane.take(gift('bo', { combo: 'c', comboTotal: t }), false);
      if (t === 1000) lane.take(gift('cy'), false);
      vi.advanceTimersByTime(500);
      if (lane.runs.value[0]?.from.userID === 'cy') return;
    }
    throw new Error('cy was never shown');
  });
});

describe('gifts in the chat', () => {
  const message = (user: string, more: object = {}) => element('TIMCustomElem', { data: JSON.stringify({
    type: 'gift_result', gift: { id: 'rose', name: 'Rose' }, from: { user, nick: user }, count: 1, value: 100, final: true, ...more,
  }) }, { from: 'administrator' });
  const rows = (...given: ReturnType<typeof message>[]) => given.map((m) => rowOf(m, false, emptyLog) as Row);

  test('those that follow each other are one line of the last runs', () => {
    const log = added(emptyLog, rows(message('a', { count: 5 }), message('a', { count: 2 }), message('b', { combo: 'c', count: 20, comboTotal: 20 }), message('b', { combo: 'c', count: 20, comboTotal: 40 }), message('d'), message('e')));
    expect(log.rows).toHaveLength(1);
    const row = log.rows[0] as GiftsRow;
    expect(row.entries.map((e) => [e.nick, e.total])).toEqual([['b', 40], ['d', 1], ['e', 1]]);
    expect(row.more).toBe(7);
  });

  test('what is said in between begins another', () => {
    const log = added(emptyLog, rows(message('a'), element('TIMTextElem', { text: 'hi' }), message('a')));
    expect(log.rows.map((row) => row.kind)).toEqual(['gifts', 'message', 'gifts']);
  });

  test('a run goes on in its line though somebody rose meanwhile; another begins anew', () => {
    const rose = { kind: 'news', key: 'n', say: 'news_level', values: {} } as unknown as Row;
    const run = (comboTotal: number, combo = 'c') => rows(message('b', { combo, count: 20, comboTotal }));
    const log = added(emptyLog, [...run(20), rose, ...run(40)]);
    expect(log.rows.map((row) => row.kind)).toEqual(['gifts', 'news']);
    expect((log.rows[0] as GiftsRow).entries.map((e) => e.total)).toEqual([40]);
    expect(added(log, run(20, 'd')).rows.map((row) => row.kind)).toEqual(['gifts', 'news', 'gifts']);
  });

  test('likes are no lines, new followers are; a forged gift is nothing', () => {
    let log = emptyLog;
    const custom = (data: object) => rowOf(element('TIMCustomElem', { data: JSON.stringify(data) }, { from: 'bo', nick: 'Bo' }), false, log, 'anna');
    expect(custom({ type: 'like', count: 3 })).toBeNull();
    expect(custom({ type: 'gift_result', gift: { id: 'rose' }, from: { user: 'bo' } })).toBeNull();
    expect(custom({ type: 'follow', user: 'anna' })).toMatchObject({ kind: 'news', say: 'news_follow', values: { nick: 'Bo', who: 'anna' } });
    // No filter of words reads what programs read: only whom one knows here is told.
    const advert = { type: 'follow', user: 'buy at spam.example' };
    expect(custom(advert)).toBeNull();
    expect(custom({ type: 'follow', user: 'cy' })).toBeNull();
    log = added(log, [rowOf(element('TIMTextElem', { text: 'hi' }, { from: 'cy', nick: 'Cy' }), false, log) as Row]);
    expect(custom({ type: 'follow', user: 'cy' })).toMatchObject({ values: { nick: 'Bo', who: 'Cy' } });
    expect(custom(advert)).toBeNull();
  });

  test('a flood is bounded', () => {
    let log = emptyLog;
    for (let i = 0; i < 2000; i++) log = added(log, rows(message(`u${i}`), ...(i % 3 === 0 ? [element('TIMTextElem', { text: 'x' })] : [])));
    expect(log.rows.length).toBeLessThanOrEqual(LOG_LIMIT);
  });
});

describe('what moves', () => {
  test('is never more than fits, rises or falls, and ends', () => {
    const particles = new Particles(() => 0.5);
    for (let i = 0; i < 100; i++) {
      particles.hearts(500);
      particles.icons('x', 500);
      particles.confetti();
    }
    expect(particles.all).toHaveLength(MOST_PARTICLES);
    const [heart] = particles.all;
    const from = heart?.y as number;
    particles.step(100);
    expect(heart?.y).toBeLessThan(from);
    for (let i = 0; i < 100; i++) particles.step(64);
    expect(particles.all).toEqual([]);
  });
});

describe('a notice', () => {
  interface Form {
    name: string;
    notice: string;
    text?: string;
    images?: string[];
    fault?: boolean;
  }
  const forms = JSON.parse(readFileSync(new URL('../../../../chat/notice/testdata/forms.json', import.meta.url), 'utf8')) as Form[];

  test.each(forms)('$name', ({ notice, text, images, fault }) => expect(parseNotice(notice)).toEqual(fault ? { text: notice, images: [] } : { text, images }));

  test('shows a picture once', () => expect(parseNotice('{"images":["https://a.example/1","https://a.example/1"]}').images).toEqual(['https://a.example/1']));
});

test('a draw’s seed is checked against what was told at its start', async () => {
  const seed = '07'.repeat(32);
  const commitment = createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex');
  expect(await Promise.all([fits(seed, commitment), fits('08'.repeat(32), commitment), fits('zz', commitment)])).toEqual([true, false, false]);
});

describe('a room', () => {
  const told = (user: string, more: object = {}) => ({ type: 'gift_result', gift: { id: 'rose', name: 'Rose', effect: 'banner' }, from: { user, nick: user }, count: 1, value: 100, final: true, ...more });

  test('knows gifts, follower count, the running draw and the totals as soon as one is in', async () => {
    const server = new FakeServer();
    server.group().state.counters = { live_likes: 7, live_popularity: 3 };
    server.draw = { id: 'd', title: 'Tea', winners: 1, endsAt: new Date(Date.now() + 60_000).toISOString(), state: 'open', trigger: { keyword: 'x' } };
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    expect(life.gifts.value?.map((g) => g.id)).toEqual(['rose', 'car']);
    expect([life.follow.value, life.draw.value?.id, life.totals.value]).toEqual([{ following: false, followers: 7 }, 'd', { likes: 7, giftValue: 0, giftCount: 0, popularity: 3 }]);
    chat.stop();
    life.stop();
  });

  test('a server without gifts shows none, and nothing fails', async () => {
    const server = new FakeServer();
    for (const op of ['gifts', 'draw', 'getFollow', 'summary']) server.refuse[op] = { code: 10003, error: 'not_offered' };
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    life.lookBack('', false);
    await pass();
    expect([life.gifts.value, life.follow.value, life.draw.value, life.summary.value]).toEqual([[], null, null, null]);
    chat.stop();
    life.stop();
  });

  test('a server whose store is away is asked for its gifts again', async () => {
    const server = new FakeServer();
    server.refuse.gifts = { code: 10002, error: 'store_unavailable', temporary: true };
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    expect(life.gifts.value).toBeNull();
    server.refuse = {};
    await pass(10_100);
    expect(life.gifts.value).toHaveLength(2);
    chat.stop();
    life.stop();
  });

  test('what is read out is a line now and then, not every gift', async () => {
    const server = new FakeServer();
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    const said: string[] = [];
    life.said.subscribe((words) => void (words && said.push(words)));
    for (let t = 0; t < 20_000; t += 50) {
      server.tell('demo', told(`u${t}`));
      await pass(50);
    }
    expect(said.length).toBeLessThanOrEqual(6);
    expect(said[0]).toMatch(/^u\d+ gave Rose, 1 of them, and \d more gifts$/);
    expect(life.banner.value).not.toBeNull();
    await pass(60_000);
    expect(life.banner.value).toBeNull(); // those that waited were few
    chat.stop();
    life.stop();
  });

  test('an own gift that is refused says why, in the backend’s words', async () => {
    const server = new FakeServer();
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    server.refuse.sendGift = { code: 10111, error: 'gift_refused', detail: 'not enough coins' };
    const [rose] = life.gifts.value ?? [];
    void life.give(rose as never, 1);
    await pass();
    expect(life.given.value).toMatchObject({ order: { state: 'refused' }, why: 'not enough coins' });
    chat.stop();
    life.stop();
  });

  test('in a full room what everybody asks at the same moment is asked over some seconds, and once', async () => {
    const server = new FakeServer();
    server.group().state.count = { members: 10_000, viewers: 0, online: 10_000 };
    const rooms = Array.from({ length: 20 }, () => visit(server));
    for (const { chat } of rooms) chat.start();
    await pass(100);
    const asked = () => ['gifts', 'draw', 'getFollow'].map((op) => server.asked(op).length);
    expect(Math.max(...asked())).toBeLessThan(10);
    await pass(10_000);
    expect(asked()).toEqual([20, 20, 20]);
    server.cut();
    await pass(20_000);
    expect(asked()).toEqual([20, 40, 20]); // only the draw may be another now
    for (const { chat, life } of rooms) {
      chat.stop();
      life.stop();
    }
    await pass(60_000);
    expect(asked()).toEqual([20, 40, 20]);
  });

  test('winners that its message had no room for are asked for by who may be one of them', async () => {
    const server = new FakeServer();
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    const before = server.asked('draw').length;
    const winners = ['bo', 'cy', 'di'].map((user) => ({ user, nick: user }));
    const told = (id: string, all = winners) => server.tell('demo', { type: 'draw_result', draw: { id, title: id, drawn: 40, winners: all } });
    const alice = { user: 'alice', nick: 'Alice' };
    server.draw = { id: 'd', state: 'ended', drawn: 40, winners: [winners[0], alice] }; // fewer are answered than told, but oneself
    told('d');
    await pass();
    expect([server.asked('draw').length - before, life.draw.value?.winners.map((w) => w.userID)]).toEqual([1, ['bo', 'cy', 'di', 'alice']]);
    expect(life.said.value).toBe('d: there are 40 winners');
    server.draw = { id: 'w', state: 'ended', drawn: 40, winners };
    told('w', [alice]); // known already
    await pass();
    expect([server.asked('draw').length - before, life.draw.value?.winners.length]).toEqual([1, 1]);
    chat.me.value = { ...chat.me.value, anonymous: true };
    told('e');
    await pass(20_000);
    expect([server.asked('draw').length - before, life.draw.value?.id]).toEqual([1, 'e']);
    chat.stop();
    life.stop();
  });

  test('a draw whose end nobody tells is asked for until it is known', async () => {
    const server = new FakeServer();
    server.draw = { id: 'd', winners: 1, endsAt: new Date(Date.now() + 1000).toISOString(), state: 'open' };
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    const stop = life.awaitEnd();
    await pass(60_000);
    expect(server.asked('draw').length).toBeGreaterThan(3);
    expect(server.asked('draw').length).toBeLessThan(6);
    server.draw = { ...server.draw, state: 'ended', winners: [] };
    await pass(300_000);
    expect(life.draw.value?.state).toBe('ended');
    const asked = server.asked('draw').length;
    await pass(600_000);
    expect(server.asked('draw').length).toBe(asked);
    life.awaitEnd()();
    stop();
    await pass(600_000);
    expect(server.asked('draw').length).toBe(asked);
    chat.stop();
    life.stop();
  });

  test('how a live went is never what the one before was, and asked for only by who was not told', async () => {
    const server = new FakeServer();
    server.also.summary = { summary: { session: 's1', messages: 3 } };
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    life.lookBack('s2', false);
    await pass();
    expect([server.asked('summary').length, life.summaryOf('s2')]).toEqual([1, null]);
    const stop = life.lookBack('s2', true);
    await pass(10_000);
    server.tell('demo', { type: 'session_summary', session: 's2', startedAt: '2026-09-21T14:13:20.123Z', messages: 4 });
    server.tell('demo', { type: 'session_summary', session: 's1', startedAt: '2026-09-21T13:13:20.123Z', messages: 3 }); // late
    await pass(60_000);
    expect([server.asked('summary').length, life.summaryOf('s2')?.messages, life.summaryOf('s1')]).toEqual([1, 4, null]);
    stop();
    server.also.summary = { summary: { session: 's3', messages: 5 } };
    life.lookBack('s3', true); // its message was missed
    await pass(30_000);
    expect(life.summaryOf('s3')?.messages).toBe(5);
    chat.stop();
    life.stop();
  });

  test('why a run of clicks was refused is said in words of people', async () => {
    const server = new FakeServer();
    const { chat, life } = visit(server);
    chat.start();
    await pass();
    const [rose] = life.gifts.value ?? [];
    for (const [refusal, why] of [
      [{ code: 10010, error: 'no_such_gift' }, en.err_gift_none],
      [{ code: 10032, error: 'a_word_of_tomorrow' }, ''],
      [{ code: 10111, error: 'gift_refused', detail: 'card_declined: call us' }, 'card_declined: call us'],
    ] as const) {
      server.refuse.sendGift = refusal;
      life.combo(rose as never).click();
      await pass();
      expect(life.given.value).toMatchObject({ order: { state: 'refused' }, why });
    }
    chat.stop();
    life.stop();
  });
});
