import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { codes, during, inRoom, loggedIn, refused, world } from './helper.ts';

const w = world();
const groupID = 'demo';

describe('attributes', () => {
  test('set, read, delete, replace; each tells the whole set and what changed', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const { chat } = alice;
    expect((await during(chat.setGroupAttributes({ groupID, groupAttributes: { a: '1', b: '2' } }))).data).toEqual({ groupAttributes: { a: '1', b: '2' } });
    expect((await during(chat.setGroupAttributes({ groupID, groupAttributes: { b: '3', c: '4' } }))).code).toBe(0);
    expect((await during(chat.getGroupAttributes({ groupID, keyList: ['b', 'none'] }))).data).toEqual({ groupAttributes: { b: '3' } });
    expect((await during(chat.getGroupAttributes({ groupID, keyList: [] }))).data).toEqual({ groupAttributes: { a: '1', b: '3', c: '4' } });
    expect((await during(chat.deleteGroupAttributes({ groupID, keyList: ['a'] }))).data).toEqual({ keyList: ['a'] });
    expect((await during(chat.initGroupAttributes({ groupID, groupAttributes: { z: '9' } }))).data).toEqual({ groupAttributes: { z: '9' } });
    expect((await during(chat.deleteGroupAttributes({ groupID }))).data).toEqual({ keyList: ['z'] });
    const told = [
      { groupID, groupAttributes: { a: '1', b: '2' }, updatedKeyList: ['a', 'b'], deletedKeyList: [] },
      { groupID, groupAttributes: { a: '1', b: '3', c: '4' }, updatedKeyList: ['b', 'c'], deletedKeyList: [] },
      { groupID, groupAttributes: { b: '3', c: '4' }, updatedKeyList: [], deletedKeyList: ['a'] },
      { groupID, groupAttributes: { z: '9' }, updatedKeyList: ['z'], deletedKeyList: ['b', 'c'] },
      { groupID, groupAttributes: {}, updatedKeyList: [], deletedKeyList: ['z'] },
    ];
    expect(alice.of(EVENT.GROUP_ATTRIBUTES_UPDATED)).toEqual(told);
    expect(bob.of(EVENT.GROUP_ATTRIBUTES_UPDATED)).toEqual(told);
  });

  test('nothing changed: no event', async () => {
    const { chat, of } = await inRoom(w.server);
    await during(chat.setGroupAttributes({ groupID, groupAttributes: { a: '1' } }));
    await during(chat.setGroupAttributes({ groupID, groupAttributes: { a: '1' } }));
    expect(of(EVENT.GROUP_ATTRIBUTES_UPDATED)).toHaveLength(1);
  });

  test('writes made at once go one after the other, each with the version before it', async () => {
    const { chat } = await inRoom(w.server);
    await during(Promise.all([1, 2, 3].map((n) => chat.setGroupAttributes({ groupID, groupAttributes: { n: String(n) } }))));
    expect(w.server.asked('setAttributes').map((f) => f.version)).toEqual([0, 1, 2]);
    expect(w.server.group().state.attributes).toEqual({ n: '3' });
  });

  test('a stale write is 10056; after reading it succeeds', async () => {
    const { chat } = await inRoom(w.server);
    w.server.group().versions.attributes = 5; // somebody wrote, and the event is lost
    w.server.group().state.attributes = { theirs: '1' };
    expect((await refused(chat.setGroupAttributes({ groupID, groupAttributes: { mine: '1' } }))).code).toBe(10056);
    expect((await during(chat.getGroupAttributes({ groupID, keyList: [] }))).data.groupAttributes).toEqual({ theirs: '1' });
    await during(chat.setGroupAttributes({ groupID, groupAttributes: { mine: '1' } }));
    expect(w.server.group().state.attributes).toEqual({ theirs: '1', mine: '1' });
  });

  test('one that failed does not stop the next', async () => {
    const { chat } = await inRoom(w.server);
    let first = true;
    w.server.refuse.setAttributes = () => (first ? ((first = false), { code: 10049, error: 'attributes_too_fast', temporary: true }) : null);
    expect(await codes([1, 2].map((n) => chat.setGroupAttributes({ groupID, groupAttributes: { n: String(n) } })))).toEqual([10049, 0]);
  });

  test('more than 10 writes, or 20 reads, in 5 s: 2996', async () => {
    const { chat } = await inRoom(w.server);
    const writes = await codes(Array.from({ length: 11 }, (_, i) => chat.setGroupAttributes({ groupID, groupAttributes: { n: String(i) } })), 500);
    expect(writes).toEqual([...Array(10).fill(0), 2996]);
    const reads = await codes(Array.from({ length: 21 }, () => chat.getGroupAttributes({ groupID })), 3000);
    expect(reads).toEqual([...Array(20).fill(0), 2996]);
    await during(Promise.resolve(), 5000);
    expect(await codes([chat.setGroupAttributes({ groupID, groupAttributes: {} }), chat.getGroupAttributes({ groupID })])).toEqual([0, 0]);
  });

  test('not in the group: 2623; no strings: 2905; a missing key keeps 10050', async () => {
    const { chat } = await loggedIn(w.server);
    expect(await codes([chat.setGroupAttributes({ groupID, groupAttributes: {} }), chat.getGroupAttributes({ groupID }), chat.deleteGroupAttributes({ groupID })])).toEqual([2623, 2623, 2623]);
    await during(chat.joinGroup({ groupID }));
    expect((await refused(chat.setGroupAttributes({ groupID, groupAttributes: { a: 1 } as never }))).code).toBe(2905);
    w.server.refuse.deleteAttributes = { code: 10050, error: 'no_such_attribute' };
    expect((await refused(chat.deleteGroupAttributes({ groupID, keyList: ['x'] }))).code).toBe(10050);
  });
});

describe('counters', () => {
  test('set, add, take, read; one event for each key that changed', async () => {
    const { chat, of } = await inRoom(w.server);
    expect((await during(chat.setGroupCounters({ groupID, counters: { likes: 5, gifts: 1 } }))).data).toEqual({ counters: { likes: 5, gifts: 1 } });
    expect((await during(chat.increaseGroupCounter({ groupID, key: 'likes', value: 3 }))).data).toEqual({ groupID, key: 'likes', value: 8 });
    expect((await during(chat.decreaseGroupCounter({ groupID, key: 'gifts', value: 2 }))).data).toEqual({ groupID, key: 'gifts', value: -1 });
    expect((await during(chat.increaseGroupCounter({ groupID, key: 'new', value: 1 }))).data).toEqual({ groupID, key: 'new', value: 1 });
    expect((await during(chat.getGroupCounters({ groupID }))).data).toEqual({ counters: { likes: 8, gifts: -1, new: 1 } });
    expect(of(EVENT.GROUP_COUNTER_UPDATED)).toEqual([
      { groupID, key: 'likes', value: 5 }, { groupID, key: 'gifts', value: 1 }, { groupID, key: 'likes', value: 8 }, { groupID, key: 'gifts', value: -1 },
      { groupID, key: 'new', value: 1 },
    ]);
  });

  test('keys are asked for by name', async () => {
    const { chat } = await inRoom(w.server);
    await during(chat.getGroupCounters({ groupID, keyList: ['likes'] }));
    expect(w.server.asked('getCounters')[0]).toMatchObject({ keys: ['likes'] });
  });

  test('one that is gone is 0', async () => {
    const { chat, of } = await inRoom(w.server);
    await during(chat.setGroupCounters({ groupID, counters: { likes: 5 } }));
    w.server.batch('demo', { type: 'event', event: 'counters', version: 9, data: { counters: {} } });
    expect(of(EVENT.GROUP_COUNTER_UPDATED).at(-1)).toEqual({ groupID, key: 'likes', value: 0 });
  });

  test('beyond 2^53: digits both ways; what JavaScript cannot hold is near', async () => {
    const { chat, of } = await inRoom(w.server);
    const large = 9_223_372_036_854_775_000n;
    await during(chat.setGroupCounters({ groupID, counters: { big: large as never } }));
    expect(w.server.asked('setCounters')[0]?.counters).toEqual({ big: '9223372036854775000' });
    expect(of(EVENT.GROUP_COUNTER_UPDATED)).toEqual([{ groupID, key: 'big', value: Number(large) }]);
    await during(chat.decreaseGroupCounter({ groupID, key: 'big', value: 9_007_199_254_740_993n as never }));
    expect(w.server.asked('addCounter')[0]?.value).toBe('-9007199254740993');
    expect(await codes([chat.setGroupCounters({ groupID, counters: { a: 1.5 } }), chat.increaseGroupCounter({ groupID, key: 'a', value: 2 ** 53 })])).toEqual([2905, 2905]);
  });

  test('an increase is not done twice when the line falls before the answer', async () => {
    const { chat } = await inRoom(w.server);
    w.server.swallow.add('addCounter');
    const call = refused(chat.increaseGroupCounter({ groupID, key: 'likes', value: 1 }), 3000);
    await during(Promise.resolve(), 1);
    w.server.cut();
    expect((await call).code).toBe(2800);
    expect(w.server.asked('addCounter')).toHaveLength(1);
    expect(w.server.group().state.counters).toEqual({ likes: 1 });
  });

  test('more than 20 writes of all three kinds, or 20 reads, in 5 s: 2996; outside of the group 2623', async () => {
    const { chat } = await inRoom(w.server);
    const writes = [0, 1, 2, 3, 4, 5, 6].flatMap((n) => [
      chat.setGroupCounters({ groupID, counters: { a: n } }), chat.increaseGroupCounter({ groupID, key: 'a', value: 1 }), chat.decreaseGroupCounter({ groupID, key: 'a', value: 1 }),
    ]);
    expect(await codes(writes, 500)).toEqual([...Array(20).fill(0), 2996]);
    expect(await codes(Array.from({ length: 21 }, () => chat.getGroupCounters({ groupID })), 3000)).toEqual([...Array(20).fill(0), 2996]);
    expect((await refused(chat.getGroupCounters({ groupID: 'other' }))).code).toBe(2623);
  });
});
