import { afterEach, describe, expect, test, vi } from 'vitest';
import { EVENT } from '../../src/constants.ts';
import { streamSocket } from '../../src/stream.ts';
import { eventSource } from './eventsource.ts';
import { Liveroom, refused, type Client } from './liveroom.ts';

let server: Liveroom;
afterEach(() => server?.stop());

const soon = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });
const states = (c: Client) => c.of(EVENT.NET_STATE_CHANGE).map((d) => d.state);
const count = (c: Client, said: string) => c.texts().filter((text) => text === said).length;

describe('lines that fall', () => {
  test('what was said meanwhile comes, once and in order; what was withdrawn meanwhile goes', async () => {
    server = await Liveroom.start('--chat-user-burst', '0');
    await server.room('demo');
    const [anna, bob] = [await server.member('anna', 'demo'), await server.member('bob', 'demo')];
    const first = await anna.say('0', 'demo');
    await soon(() => expect(bob.texts()).toEqual(['0']));
    bob.network.down = true;
    bob.network.cut();
    await anna.chat.revokeMessage(first);
    for (const said of ['1', '2', '3']) await anna.say(said, 'demo');
    await anna.chat.updateGroupProfile({ groupID: 'demo', muteAllMembers: true });
    const late = refused(bob.say('while away', 'demo')); // waits for the line, and is then refused
    await soon(() => expect(states(bob).at(-1)).not.toBe('connected'));
    bob.network.down = false;
    await soon(() => expect(bob.texts()).toEqual(['0', '1', '2', '3']));
    await soon(() => expect(bob.of(EVENT.MESSAGE_REVOKED)).toMatchObject([[{ payload: { text: '0' }, isRevoked: true }]]));
    expect(bob.of(EVENT.LIVEROOM_GAP)).toEqual([]);
    expect(bob.chat.getMuted('demo')).toMatchObject({ muted: true, all: true });
    expect(await late).toMatchObject({ code: 10017 });
    expect(states(bob).at(-1)).toBe('connected');
  });

  test('a message under way is said once, whenever the line falls', async () => {
    server = await Liveroom.start('--chat-user-burst', '0');
    await server.room('demo');
    const [alice, bob] = [await server.member('alice', 'demo'), await server.member('bob', 'demo')];
    const sent = [];
    for (let n = 0; n < 10; n++) {
      sent.push(alice.say(String(n), 'demo'));
      if (n % 3 === 1) alice.network.cut();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const message of await Promise.all(sent)) expect(message.status).toBe('success');
    await soon(() => expect([...bob.texts()].sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']));
    expect(alice.texts()).toEqual([]);
  });

  test('where only HTTP gets through, the chat goes on over server-sent events', async () => {
    server = await Liveroom.start();
    await server.room('demo');
    const fallback = (url: string) => streamSocket(url, { eventSource, post: (to, body) => fetch(to, { method: 'POST', body }) });
    const bob = server.client({}, { fallback });
    bob.network.down = true;
    await bob.login('bob');
    await bob.chat.joinGroup({ groupID: 'demo' });
    const anna = await server.member('anna', 'demo');
    await bob.say('from behind the wall', 'demo');
    await soon(() => expect(anna.texts()).toEqual(['from behind the wall']));
    await anna.say('heard', 'demo');
    await soon(() => expect(bob.texts()).toEqual(['heard']));
  });
});

describe('a server that goes', () => {
  test('killed and started again: everybody is back, nothing doubled, what was lost is told', async () => {
    server = await Liveroom.start();
    await server.room('demo');
    const [anna, bob] = [await server.member('anna', 'demo'), await server.member('bob', 'demo')];
    const guest = server.client();
    await guest.chat.joinGroup({ groupID: 'demo' });
    await anna.say('before', 'demo');
    await anna.chat.setGroupMemberMuteTime({ groupID: 'demo', userID: 'bob', muteTime: 600 });
    await anna.chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { a: '1' } });
    await soon(() => expect(guest.texts()).toEqual(['before']));
    await server.kill();
    await soon(() => expect(states(bob).at(-1)).not.toBe('connected'));
    await server.run();
    for (const c of [anna, bob, guest]) await soon(() => expect(c.chat.getNetState()).toBe('connected'));
    const after = await anna.say('after', 'demo');
    expect(after.status).toBe('success');
    for (const c of [bob, guest]) {
      await soon(() => expect(count(c, 'after')).toBe(1));
      expect(count(c, 'before')).toBe(1);
      const told = c.of(EVENT.LIVEROOM_GAP).length > 0;
      const before = c.messages().find((m) => m.payload.text === 'before')?.sequence as number;
      expect(told || after.sequence === before + 1).toBe(true); // complete, or said that it is not
    }
    expect(bob.chat.getMuted('demo')?.muted).toBe(true);
    expect((await refused(bob.say('hm', 'demo'))).code).toBe(10017);
    await anna.chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { b: '2' } }); // no 10056
    expect(bob.chat.isReady()).toBe(true);
    expect(bob.of(EVENT.SDK_READY)).toHaveLength(1);
  });

  test('drained: told to come back a little later, each another time, and nobody is kicked out', async () => {
    server = await Liveroom.start();
    await server.room('demo');
    const [alice, bob] = [await server.member('alice', 'demo'), await server.member('bob', 'demo')];
    await alice.say('before', 'demo');
    await server.kill('SIGTERM');
    await server.run();
    for (const c of [alice, bob]) await soon(() => expect(c.chat.getNetState()).toBe('connected'));
    await alice.say('after', 'demo');
    await soon(() => expect(bob.texts()).toEqual(['before', 'after']));
    expect(bob.of(EVENT.LIVEROOM_GAP)).toEqual([]); // it stopped in order: nothing is lost
    for (const c of [alice, bob]) expect([c.of(EVENT.KICKED_OUT), c.of(EVENT.SDK_NOT_READY), c.of(EVENT.ERROR)]).toEqual([[], [], []]);
  });
});

describe('one account in many places', () => {
  test('one page too many: the oldest is kicked out and does not come back', async () => {
    server = await Liveroom.start('--chat-web-instances', '1');
    await server.room('demo');
    const older = await server.member('bob', 'demo');
    const newer = await server.member('bob', 'demo');
    await soon(() => expect(older.of(EVENT.KICKED_OUT)).toEqual([{ type: 'multipleAccount' }]));
    expect(older.chat.isReady()).toBe(false);
    await newer.say('I am here', 'demo');
    expect(newer.of(EVENT.KICKED_OUT)).toEqual([]);
    // A line that comes back is the same instance, and pushes nobody out but its own remains.
    newer.network.cut();
    await newer.say('still', 'demo');
    expect(newer.of(EVENT.KICKED_OUT)).toEqual([]);
  });
});
