import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { giftResult } from '../src/news.ts';
import { during, inRoom, loggedIn, pass, refused, world, type Client } from './helper.ts';

const w = world();
const groupID = 'demo';
const orders = (c: Client) => c.of(EVENT.LIVEROOM_GIFT_ORDER).map(({ order }) => [order.state, order.count, order.reason]);
const rose = { groupID, gift: 'rose' };

describe('giving', () => {
  test('is shown at once with the price of the catalogue, and accepted', async () => {
    const { chat, of } = await inRoom(w.server);
    expect((await during(chat.getGiftList())).data).toMatchObject({ version: 3, giftList: [{ id: 'rose', price: 100, combo: true }, { id: 'car' }] });
    const sent = chat.sendGift({ ...rose, count: 3 });
    expect(of(EVENT.LIVEROOM_GIFT_ORDER)).toMatchObject([{ groupID, order: { name: 'Rose', count: 3, value: 300, state: 'pending' } }]);
    const { data } = await during(sent);
    expect(data.order).toMatchObject({ groupID, gift: 'rose', count: 3, value: 300, state: 'accepted' });
    expect(of(EVENT.LIVEROOM_GIFT_ORDER)).toHaveLength(2);
    expect(w.server.asked('sendGift')[0]).toMatchObject({ group: 'demo', order: data.order.id, gift: 'rose', count: 3 });
  });

  test('tells what is left, if the backend says it', async () => {
    const { chat } = await inRoom(w.server);
    w.server.also.sendGift = { balance: 4200 };
    expect((await during(chat.sendGift(rose))).data.balance).toBe(4200);
  });

  test('resolves as pending where the backend takes its time, and is told how it ends', async () => {
    const alice = await inRoom(w.server);
    w.server.settlement = 'later';
    const { order } = (await during(alice.chat.sendGift(rose))).data;
    expect(order.state).toBe('pending');
    w.server.settle('alice', order.id, 'accepted');
    expect(alice.of(EVENT.LIVEROOM_GIFT_ORDER).map(({ order }) => [order.state, order.value])).toEqual([['pending', 0], ['pending', 100], ['accepted', 100]]); // the price came with the answer
    await pass(120_000);
    expect(w.server.asked('giftOrder')).toEqual([]); // decided: nobody asks any more
  });

  test('a refusal rejects with the server’s code and is told', async () => {
    const alice = await inRoom(w.server);
    w.server.refuse.sendGift = { code: 10111, error: 'gift_refused', detail: 'not enough coins' };
    expect(await refused(alice.chat.sendGift(rose))).toMatchObject({ code: 10111, message: 'not enough coins', data: { reason: 'gift_refused' } });
    expect(orders(alice)).toEqual([['pending', 1, ''], ['refused', 1, 'not enough coins']]);
    expect((await refused(alice.chat.sendGift({ groupID, gift: 'moon' }))).code).toBe(10111);
  });

  test('an order refused later is told', async () => {
    const alice = await inRoom(w.server);
    w.server.settlement = 'later';
    const { order } = (await during(alice.chat.sendGift(rose))).data;
    w.server.settle('alice', order.id, 'refused', 'card declined');
    expect(orders(alice).at(-1)).toEqual(['refused', 1, 'card declined']);
  });

  test('a lost answer is asked for again by the same id: one order', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('sendGift');
    const sent = alice.chat.sendGift(rose);
    await pass(20_000);
    w.server.swallow.clear();
    await during(sent, 20_000);
    expect(w.server.asked('sendGift').length).toBeGreaterThan(1);
    expect(new Set(w.server.asked('sendGift').map((f) => f.order)).size).toBe(1);
    expect(w.server.orders.size).toBe(1);
    expect(orders(alice).at(-1)).toEqual(['accepted', 1, '']);
  });

  test.each([['while it was away', 20_000], ['on the next line', 0]])('who may not give any more is asked for what got through before: refused %s', async (_, ms) => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('sendGift');
    const sent = alice.chat.sendGift(rose);
    await pass(ms);
    w.server.swallow.clear();
    w.server.refuse.sendGift = { code: 10007, error: 'not_joined' };
    if (ms === 0) w.server.cut();
    expect((await during(sent, 60_000)).data.order.state).toBe('accepted');
    expect(orders(alice).map(([state]) => state)).not.toContain('refused');
    expect(w.server.asked('giftOrder')).toHaveLength(1);
  });

  test.each([['says so', { code: 10010, error: 'no_such_order' }], ['has none', null]])('what the server never got is refused for the reason it gave: it %s', async (_, refusal) => {
    const alice = await inRoom(w.server);
    w.server.refuse.sendGift = { code: 10007, error: 'not_joined' };
    if (refusal) w.server.refuse.giftOrder = refusal;
    expect(await refused(alice.chat.sendGift(rose))).toMatchObject({ code: 10007, data: { reason: 'not_joined' } });
    expect(orders(alice)).toEqual([['pending', 1, ''], ['refused', 1, 'not_joined']]);
    await pass(60_000);
    expect([w.server.asked('sendGift').length, w.server.asked('giftOrder').length]).toEqual([1, 1]);
  });

  test('while the store is away it is tried again, and waits through a line that falls', async () => {
    const alice = await inRoom(w.server);
    w.server.refuse.sendGift = { code: 10002, error: 'store_unavailable', temporary: true };
    const sent = alice.chat.sendGift(rose);
    await pass(3000);
    w.server.cut();
    w.server.refuse = {};
    expect((await during(sent, 60_000)).data.order.state).toBe('accepted');
    expect(w.server.orders.size).toBe(1);
  });

  test('what was decided while the line was away is asked for when it is back', async () => {
    const alice = await inRoom(w.server);
    w.server.settlement = 'later';
    const { order } = (await during(alice.chat.sendGift(rose))).data;
    w.server.doors = 'shut';
    w.server.cut();
    w.server.settle('alice', order.id, 'accepted');
    w.server.doors = 'open';
    await pass(3000);
    expect(orders(alice).at(-1)).toEqual(['accepted', 1, '']);
    expect(w.server.asked('giftOrder')).toMatchObject([{ group: 'demo', order: order.id }]);
  });

  test('a page that was loaded again asks how an order ended, and is told when it does', async () => {
    const before = await inRoom(w.server);
    w.server.settlement = 'later';
    const { order } = (await during(before.chat.sendGift({ ...rose, count: 2 }))).data;
    await before.chat.destroy();
    const after = await inRoom(w.server);
    const asked = { groupID, order: order.id };
    const [one, two] = await during(Promise.all([after.chat.getGiftOrder(asked), after.chat.getGiftOrder(asked)]));
    expect([one, one.data.order]).toEqual([two, order]);
    expect(orders(after)).toEqual([['pending', 2, '']]);
    w.server.settle('alice', order.id, 'refused', 'card declined');
    expect(orders(after).at(-1)).toEqual(['refused', 2, 'card declined']);
    expect(await refused(after.chat.getGiftOrder(asked))).toMatchObject({ message: 'card declined', data: { reason: 'gift_refused' } });
    expect(w.server.asked('sendGift')).toHaveLength(1); // asking places nothing
  });

  test.each([['says so', { code: 10010, error: 'no_such_order' }], ['has none', null]])('an order the server never got was not given: it %s', async (_, refusal) => {
    const alice = await inRoom(w.server);
    if (refusal) w.server.refuse.giftOrder = refusal;
    expect(await refused(alice.chat.getGiftOrder({ groupID, order: 'lost' }))).toMatchObject({ data: { reason: 'no_such_order' } });
    expect(orders(alice)).toEqual([['refused', 0, 'no_such_order']]);
    await pass(60_000);
    expect(w.server.asked('giftOrder')).toHaveLength(1);
    for (const order of ['', undefined as never]) expect((await refused(alice.chat.getGiftOrder({ groupID, order }))).code).toBe(2905);
  });

  test('is refused where the gift costs something else than was shown, and nothing is given', async () => {
    const alice = await inRoom(w.server);
    await during(alice.chat.sendGift(rose)); // no price is known: the catalogue's is taken
    await during(alice.chat.getGiftList());
    w.server.gifts = w.server.gifts.map((gift) => ({ ...gift, price: 120 }));
    expect(await refused(alice.chat.sendGift({ ...rose, order: 'dear' }))).toMatchObject({ code: 10057, data: { reason: 'price_changed', field: 'price' } });
    expect(alice.of(EVENT.LIVEROOM_GIFT_ORDER).at(-1)).toMatchObject({ order: { id: 'dear', price: 100, state: 'refused', reason: 'price_changed' } });
    await during(alice.chat.getGiftList());
    expect((await refused(alice.chat.sendGift({ ...rose, price: 100 }))).code).toBe(10057); // the page still shows another
    expect((await refused(alice.chat.sendGift({ ...rose, price: 0 }))).code).toBe(10057);
    expect((await during(alice.chat.sendGift(rose))).data.order.price).toBe(120);
    expect(w.server.asked('sendGift').map((f) => f.price)).toEqual([undefined, 100, 100, 0, 120]);
    expect([w.server.orders.size, w.server.asked('giftOrder').length]).toEqual([2, 0]);
  });

  test('a lost answer is asked for again at the price of then', async () => {
    const alice = await inRoom(w.server);
    await during(alice.chat.getGiftList());
    w.server.swallow.add('sendGift');
    const sent = alice.chat.sendGift(rose);
    await pass(1000);
    w.server.gifts = w.server.gifts.map((gift) => ({ ...gift, price: 120 }));
    await during(alice.chat.getGiftList());
    w.server.swallow.clear();
    expect((await during(sent, 60_000)).data.order.value).toBe(100);
    expect(new Set(w.server.asked('sendGift').map((f) => f.price))).toEqual(new Set([100]));
  });

  test('the same id twice is one order', async () => {
    const { chat } = await inRoom(w.server);
    w.server.settlement = 'later';
    const [one, two] = await during(Promise.all([chat.sendGift({ ...rose, order: 'mine' }), chat.sendGift({ ...rose, order: 'mine' })]));
    expect(one).toEqual(two);
    expect(w.server.asked('sendGift')).toHaveLength(1);
  });

  test('at most a hundred wait; logging out ends the waiting', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('sendGift');
    const all = Array.from({ length: 101 }, () => alice.chat.sendGift(rose).then(() => 0, (err) => err.code));
    await pass();
    await alice.chat.logout();
    const ends = await during(Promise.all(all));
    expect([ends.filter((code) => code === 2996).length, ends.filter((code) => code === 3005).length]).toEqual([1, 100]);
    const asked = w.server.asked('sendGift').length;
    await pass(60_000);
    expect(w.server.asked('sendGift')).toHaveLength(asked);
  });

  test('needs a login, a room and a sensible count', async () => {
    const alice = await loggedIn(w.server);
    expect((await refused(alice.chat.sendGift(rose))).code).toBe(2623);
    await during(alice.chat.joinGroup({ groupID }));
    for (const count of [0, 10_000, 1.5]) expect((await refused(alice.chat.sendGift({ ...rose, count }))).code).toBe(2905);
    await alice.chat.logout();
    expect((await refused(alice.chat.sendGift(rose))).code).toBe(2999);
  });
});

describe('a run of clicks', () => {
  test('99 clicks leave as a few orders of one id, the first at once', async () => {
    const alice = await inRoom(w.server);
    const combo = alice.chat.combo(rose);
    for (let i = 0; i < 99; i++) {
      combo.click();
      await pass(40);
    }
    await pass(1000);
    const asked = w.server.asked('sendGift');
    expect(asked[0]?.count).toBe(1);
    expect(asked.length).toBeLessThanOrEqual(9); // two a second
    expect(asked.reduce((sum, f) => sum + f.count, 0)).toBe(99);
    expect(new Set(asked.map((f) => f.combo))).toEqual(new Set([combo.id]));
    expect(combo.clicks).toBe(99);
  });

  test('one click is never more than one order', async () => {
    const alice = await inRoom(w.server);
    const combo = alice.chat.combo(rose);
    for (const n of [Infinity, 1e12, NaN, -3]) combo.click(n);
    await pass(10_000);
    expect(w.server.asked('sendGift').reduce((sum, f) => sum + f.count, 0)).toBe(9999 + 9999 + 1 + 1);
  });

  test('clicks that can’t leave are told as refused', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('sendGift');
    for (let i = 0; i < 100; i++) void alice.chat.sendGift(rose).catch(() => {});
    alice.chat.combo(rose).click(7);
    expect(alice.of(EVENT.LIVEROOM_GIFT_ORDER).at(-1)).toMatchObject({ groupID, order: { gift: 'rose', count: 7, state: 'refused', reason: 'gifts_too_fast' } });
    await during(alice.chat.logout());
    const combo = alice.chat.combo(rose);
    expect(() => combo.click()).not.toThrow();
    expect(orders(alice).at(-1)).toEqual(['refused', 1, 'not_joined']);
  });

  test('costs what it cost when it began: clicks that wait give nothing at another price', async () => {
    const alice = await inRoom(w.server);
    await during(alice.chat.getGiftList());
    const combo = alice.chat.combo(rose);
    combo.click();
    combo.click(5); // these wait
    await pass(10);
    w.server.gifts = w.server.gifts.map((gift) => ({ ...gift, price: 120 }));
    await during(alice.chat.getGiftList());
    await pass(1000);
    expect(orders(alice)).toEqual([['pending', 1, ''], ['accepted', 1, ''], ['pending', 5, ''], ['refused', 5, 'price_changed']]);
    for (const options of [rose, { ...rose, price: 120 }, { ...rose, price: 100 }]) alice.chat.combo(options).click();
    await pass(1000);
    expect(orders(alice).slice(-3).map(([state]) => state).sort()).toEqual(['accepted', 'accepted', 'refused']);
    expect([...w.server.orders.values()].map((order) => order.value)).toEqual([100, 120, 120]);
  });

  test('after a rest the next click begins another', async () => {
    const alice = await inRoom(w.server);
    const combo = alice.chat.combo({ ...rose, restMs: 2000 });
    combo.click(10);
    await pass(1900);
    combo.click();
    await pass(2100);
    const first = combo.id;
    combo.click();
    await pass();
    expect(combo.id).not.toBe(first);
    expect(combo.clicks).toBe(1);
    expect(w.server.asked('sendGift').map((f) => [f.count, f.combo === first])).toEqual([[10, true], [1, true], [1, false]]);
  });
});

describe('gifts of all', () => {
  const told = {
    type: 'gift_result', gift: { id: 'rose', name: 'Rose', icon: '🌹', effect: 'float', price: 100 }, from: { user: 'bob', nick: 'Bob', avatar: '', level: 7 },
    to: 'anna', count: 20, combo: 'c1', comboTotal: 40, value: 2000, final: false, order: 'o', session: 's',
  };

  test('are told as events, once, and by the server alone', async () => {
    const alice = await inRoom(w.server);
    w.server.tell('demo', told);
    w.server.say('demo', 'mallory', [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify(told) } }]);
    w.server.cut();
    await pass(3000);
    expect(alice.of(EVENT.LIVEROOM_GIFT)).toEqual([{
      groupID, gift: { id: 'rose', name: 'Rose', icon: '🌹', effect: 'float', price: 100 }, from: { userID: 'bob', nick: 'Bob', avatar: '', level: 7 },
      to: 'anna', count: 20, value: 2000, combo: 'c1', comboTotal: 40, final: false, order: 'o', session: 's',
    }]);
    expect(alice.messages().map((m) => giftResult(m)?.count)).toEqual([20, undefined]);
  });

  test('of the history are no events, only messages that can be read', async () => {
    w.server.tell('demo', told);
    const alice = await inRoom(w.server);
    expect(alice.of(EVENT.LIVEROOM_GIFT)).toEqual([]);
    expect(alice.messages().map((m) => giftResult(m)?.comboTotal)).toEqual([40]);
  });

  test('rank', async () => {
    const { chat } = await inRoom(w.server);
    w.server.also.ranking = { ranking: [{ rank: 1, user: 'bob', nick: 'Bob', avatar: '', level: 7, value: 2000, count: 20 }], totals: { value: 2000, count: 20, senders: 1 }, session: 's' };
    expect((await during(chat.getGiftRanking({ groupID }))).data).toEqual({
      ranking: [{ rank: 1, userID: 'bob', nick: 'Bob', avatar: '', level: 7, value: 2000, count: 20 }], totals: { value: 2000, count: 20, senders: 1 }, session: 's',
    });
    expect(w.server.asked('ranking')[0]).toMatchObject({ group: 'demo', scope: 'session', limit: 10 });
  });
});
