import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../../src/api/client.ts';
import type { StatusRecord } from '../../src/api/types.ts';
import { ChatClient } from '../../src/chat/client.ts';
import type { GuestStore, NamedGuest } from '../../src/chat/identity.ts';
import type { MessageRow } from '../../src/chat/log.ts';
import { FakeSocket, type Sent } from './fake-socket.ts';
import { message, record, statusMessage } from './make.ts';

type Answers = Record<string, (frame: Sent) => Record<string, unknown> | null>;

class Memory implements GuestStore {
  guest: NamedGuest | null = null;
  load = () => this.guest;
  save = (guest: NamedGuest | null) => void (this.guest = guest);
}

const guest: NamedGuest = { userId: 'guest_1', userSig: 'sig', nick: 'Bo', expiresAt: '2030-01-01T00:00:00Z' };

let sockets: FakeSocket[];
let guests: Memory;
let statuses: StatusRecord[];
let said: [string, boolean][];
let answers: Answers;
let chat: ChatClient;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  guests = new Memory();
  statuses = [];
  said = [];
  answers = {
    auth: (frame) => ({ code: 0, session: `S${sockets.length}`, user: frame.userId ?? 'anon_1', nick: frame.userId ? 'Bo' : '', anonymous: !frame.userId, pingSeconds: 15 }),
    join: () => ({ code: 0, group: 'demo', epoch: 'E', seq: 2, complete: true, attributes: {}, notice: 'hello', count: { online: 4 }, messages: [] }),
    send: () => ({ code: 0, time: 1_790_000_000, seq: 3 }),
    ping: () => ({ code: 0, time: 1 }),
  };
  chat = new ChatClient({
    group: 'demo',
    connect: () => {
      const socket = new FakeSocket((frame) => answers[frame.op]?.(frame) ?? null);
      sockets.push(socket);
      return socket;
    },
    guests,
    createGuest: (nick) => Promise.resolve({ ...guest, nick }),
    onStatus: (r) => void statuses.push(r),
    onLive: (text, own) => void said.push([text, own]),
    random: () => 0.5,
  });
});
afterEach(() => {
  chat.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const last = () => sockets.at(-1) as FakeSocket;
async function online(): Promise<FakeSocket> {
  chat.start();
  last().open();
  await settle();
  expect(chat.connection.value).toEqual({ state: 'online' });
  return last();
}
const batch = (...items: unknown[]) => ({ push: 'batch', group: 'demo', items });
const texts = () => chat.log.value.rows.map((row) => (row.kind === 'message' ? row.text : row.kind));

describe('entering', () => {
  test('a stranger listens at once', async () => {
    const socket = await online();
    expect(socket.requests('auth')[0]).toEqual({ id: 1, op: 'auth', platform: 'Web' });
    expect(socket.requests('join')[0]).toEqual({ id: 2, op: 'join', group: 'demo' });
    expect(chat.me.value.anonymous).toBe(true);
    expect(chat.session.value).toBe('S1');
    expect(chat.notice.value).toBe('hello');
    expect(chat.online.value).toBe(4);
  });

  test('a remembered guest is itself', async () => {
    guests.guest = guest;
    const socket = await online();
    expect(socket.requests('auth')[0]).toMatchObject({ userId: 'guest_1', userSig: 'sig' });
    expect(chat.me.value).toEqual({ user: 'guest_1', nick: 'Bo', anonymous: false });
  });

  test('a guest whose signature ran out is forgotten and listens', async () => {
    guests.guest = guest;
    const good = answers.auth as (frame: Sent) => Record<string, unknown>;
    answers.auth = (frame) => (frame.userSig ? { code: 70001, error: 'usersig_expired' } : good(frame));
    chat.start();
    last().open();
    await settle();
    expect(guests.guest).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    last().open();
    await settle();
    expect(chat.me.value.anonymous).toBe(true);
  });

  test('history and the status attribute are taken in', async () => {
    answers.join = () => ({ code: 0, epoch: 'E', seq: 2, complete: true, attributes: { live_status: JSON.stringify(record('live', 5)) }, messages: [message(1, 'a'), message(2, 'b')] });
    await online();
    expect(texts()).toEqual(['a', 'b']);
    expect(statuses.map((r) => r.version)).toEqual([5]);
    expect(said).toEqual([]); // history doesn't fly over the picture
  });

  test('somebody who is banned is told, and stays away', async () => {
    answers.join = () => ({ code: 10007, error: 'banned' });
    chat.start();
    last().open();
    await settle();
    expect(chat.connection.value).toEqual({ state: 'closed', why: 'err_banned' });
    await vi.advanceTimersByTimeAsync(120_000);
    chat.wake();
    expect(sockets).toHaveLength(1);
  });

  test('a socket that never opens is given up', async () => {
    chat.start();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets.length).toBeGreaterThan(1);
  });
});

describe('receiving', () => {
  test('messages, events and nonsense', async () => {
    const socket = await online();
    socket.push(batch(message(3, 'c'), { type: 'event', event: 'count', version: 2, data: { members: 3, viewers: 2, online: 99 } }));
    socket.push(batch({ type: 'event', event: 'notice', version: 3, data: { notice: 'new' } }));
    socket.raw('{');
    socket.raw(new ArrayBuffer(4));
    socket.push({ push: 'batch', group: 'another', items: [message(9, 'not here')] });
    socket.push({ push: 'unheard-of' });
    socket.push(batch(null, 5, { type: 'message' }, { type: 'event' }, message(4, 'd')));
    expect(texts()).toEqual(['c', 'd']);
    expect(said).toEqual([['c', false], ['d', false]]);
    expect(chat.online.value).toBe(99);
    expect(chat.notice.value).toBe('new');
  });

  test('an older state does not undo a newer one, nor what join answered', async () => {
    answers.join = () => ({ code: 0, epoch: 'E', seq: 0, notice: 'joined', versions: { notice: 7 } });
    const socket = await online();
    socket.push(batch({ type: 'event', event: 'notice', version: 6, data: { notice: 'before' } }));
    expect(chat.notice.value).toBe('joined');
    socket.push(batch({ type: 'event', event: 'notice', version: 9, data: { notice: 'newer' } }));
    socket.push(batch({ type: 'event', event: 'notice', version: 8, data: { notice: 'older' } }));
    expect(chat.notice.value).toBe('newer');
  });

  test('status only from the administrator, by message and by attribute', async () => {
    const socket = await online();
    socket.push(batch(statusMessage(3, record('ended', 9), 'mallory')));
    expect(statuses).toEqual([]);
    socket.push(batch(statusMessage(4, record('live', 2))));
    socket.push(batch({ type: 'event', event: 'attributes', version: 9, data: { attributes: { live_status: JSON.stringify(record('paused', 3)) } } }));
    expect(statuses.map((r) => r.name)).toEqual(['live', 'paused']);
  });

  test('a repeated batch is shown and flown once', async () => {
    const socket = await online();
    socket.push(batch(message(3, 'c')));
    socket.push(batch(message(3, 'c')));
    expect(texts()).toEqual(['c']);
    expect(said).toHaveLength(1);
  });

  test('a dismissed room ends the chat', async () => {
    const socket = await online();
    socket.push(batch({ type: 'event', event: 'dismissed', version: 1, data: {} }));
    expect(chat.connection.value).toEqual({ state: 'closed', why: 'err_room_gone' });
    expect(socket.closed).toBe(true);
  });
});

describe('coming back', () => {
  test('resumes where it was, and fills what was missed', async () => {
    const socket = await online();
    socket.push(batch(message(3, 'c')));
    answers.join = () => ({ code: 0, epoch: 'E', seq: 5, complete: true, messages: [message(4, 'd'), message(5, 'e')] });
    socket.fall();
    expect(chat.connection.value.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(500);
    last().open();
    await settle();
    expect(last().requests('join')[0]).toMatchObject({ epoch: 'E', seq: 3 });
    expect(texts()).toEqual(['c', 'd', 'e']);
  });

  test('says where messages are missing', async () => {
    const socket = await online();
    socket.push(batch(message(3, 'c')));
    answers.join = () => ({ code: 0, epoch: 'E', seq: 50, complete: false, messages: [message(50, 'z')] });
    socket.fall();
    await vi.advanceTimersByTimeAsync(500);
    last().open();
    await settle();
    expect(texts()).toEqual(['c', 'gap', 'z']);
  });

  test('waits grow to twenty seconds and never beyond', async () => {
    chat.start();
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      const count = sockets.length;
      last().fall();
      let waited = 0;
      while (sockets.length === count) {
        await vi.advanceTimersByTimeAsync(50);
        waited += 50;
      }
      waits.push(waited);
    }
    expect(waits[0]).toBeLessThan(500);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(Math.max(...waits)).toBeLessThanOrEqual(20_000);
    expect(Math.max(...waits)).toBeGreaterThan(10_000);
  });

  test('a line that falls at once after each welcome is not tried in a tight loop', async () => {
    chat.start();
    for (let i = 0; i < 6; i++) {
      last().open();
      await settle();
      last().fall();
      await vi.advanceTimersByTimeAsync(i < 3 ? 4000 : 12_000);
    }
    const count = sockets.length;
    last().open();
    await settle();
    last().fall();
    await vi.advanceTimersByTimeAsync(3000);
    expect(sockets).toHaveLength(count);
  });

  test('a line that held long begins again with short waits', async () => {
    chat.start();
    for (let i = 0; i < 6; i++) {
      last().fall();
      await vi.advanceTimersByTimeAsync(20_000);
    }
    last().open();
    await vi.advanceTimersByTimeAsync(15_000);
    const count = sockets.length;
    last().fall();
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(count + 1);
  });

  test('a server that asks to wait is obeyed', async () => {
    const socket = await online();
    socket.push({ push: 'close', reason: 'shutdown', reconnect: true, afterMs: 3000 });
    socket.fall();
    await vi.advanceTimersByTimeAsync(2900);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
  });

  test('a server that does not want us back is believed', async () => {
    const socket = await online();
    socket.push({ push: 'close', reason: 'kicked', reconnect: false });
    socket.fall();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(chat.connection.value).toEqual({ state: 'closed', why: 'err_kicked' });
  });

  test('a phone that slept through the greeting comes back', async () => {
    const socket = await online();
    socket.push({ push: 'close', reason: 'auth_timeout', reconnect: false });
    socket.fall();
    await vi.advanceTimersByTimeAsync(1000);
    expect(sockets).toHaveLength(2);
  });

  test('a chat opened somewhere else says so and stays there', async () => {
    const socket = await online();
    socket.push({ push: 'close', reason: 'replaced', reconnect: false });
    expect(chat.connection.value).toEqual({ state: 'closed', why: 'err_replaced' });
  });

  test('an address locked out for a minute does not lose its guest', async () => {
    guests.guest = guest;
    answers.auth = () => ({ code: 70050, error: 'too_many_failures', temporary: true });
    chat.start();
    last().open();
    await settle();
    expect(guests.guest).toBe(guest);
    expect(chat.connection.value.state).toBe('offline');
  });

  test('a page that is seen again does not sit out a long wait', async () => {
    chat.start();
    for (let i = 0; i < 6; i++) {
      last().fall();
      if (i < 5) await vi.advanceTimersByTimeAsync(20_000);
    }
    const count = sockets.length;
    chat.wake();
    expect(sockets).toHaveLength(count + 1);
    chat.wake();
    expect(sockets).toHaveLength(count + 1);
  });

  test('a page that is seen again finds out that its line is dead', async () => {
    const socket = await online();
    answers.ping = () => null;
    chat.wake();
    await vi.advanceTimersByTimeAsync(5100);
    expect(socket.closed).toBe(true);
    expect(chat.connection.value.state).toBe('offline');
  });

  test('a silent line is pinged, a dead one left', async () => {
    const socket = await online();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(socket.requests('ping').length).toBeGreaterThan(0);
    expect(chat.connection.value.state).toBe('online');
    answers.ping = () => null;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(socket.closed).toBe(true);
  });

  test('an error and an end of the same socket are one loss', async () => {
    const socket = await online();
    socket.onerror?.(undefined as never);
    socket.fall();
    await vi.advanceTimersByTimeAsync(600);
    expect(sockets).toHaveLength(2);
  });

  test('stopped is stopped', async () => {
    await online();
    chat.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    chat.wake();
    expect(sockets).toHaveLength(1);
    expect(sockets[0]?.closed).toBe(true);
  });
});

describe('speaking', () => {
  test('a name makes a member, on another line, and nothing is missed', async () => {
    const socket = await online();
    socket.push(batch(message(3, 'c')));
    const named = chat.becomeGuest('Bo');
    await settle();
    expect(socket.closed).toBe(true);
    last().open();
    await named;
    expect(sockets).toHaveLength(2);
    expect(last().requests('auth')[0]).toMatchObject({ userId: 'guest_1', userSig: 'sig' });
    expect(last().requests('join')[0]).toMatchObject({ epoch: 'E', seq: 3 });
    expect(chat.me.value).toEqual({ user: 'guest_1', nick: 'Bo', anonymous: false });
    expect(guests.guest?.nick).toBe('Bo');
    socket.fall(); // the old one's end is no news
    expect(chat.connection.value.state).toBe('online');
  });

  test('a guest that was made but not reached is not made twice', async () => {
    await online();
    const lost = chat.becomeGuest('Bo');
    const refused = expect(lost).rejects.toThrow('offline');
    await settle();
    last().fall();
    await refused;
    guests.guest = { ...guest, nick: 'Bo', userId: 'guest_9' };
    const again = chat.becomeGuest('Bo');
    await settle();
    last().open();
    await again;
    expect(chat.me.value.user).toBe('guest_9');
  });

  test('a refused name is told', async () => {
    const refusing = new ChatClient({
      group: 'demo',
      connect: () => new FakeSocket(),
      guests,
      createGuest: () => Promise.reject(new ApiError(422, 'bad_parameter', 'reserved', 'nick')),
    });
    await expect(refusing.becomeGuest('admin')).rejects.toThrow('reserved');
    expect(guests.guest).toBeNull();
  });

  async function member(): Promise<FakeSocket> {
    guests.guest = guest;
    return online();
  }
  const row = () => chat.log.value.rows.at(-1) as MessageRow;

  test('the own row is there at once and becomes the room’s', async () => {
    const socket = await member();
    const done = chat.send('hi');
    expect(row()).toMatchObject({ text: 'hi', state: 'sending', nick: 'Bo', own: true });
    await done;
    expect(row().state).toBe('sent');
    const sent = socket.requests('send')[0] as Sent;
    expect(sent).toMatchObject({ group: 'demo', priority: 'Normal', body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'hi' } }] });
    socket.push(batch(message(3, 'hi', { from: 'guest_1', random: sent.random as number })));
    expect(texts()).toEqual(['hi']);
    expect(row().seq).toBe(3);
    expect(said).toEqual([['hi', true]]);
  });

  test('a message dropped by the room’s limit stays sent, and the next number is not taken for seen', async () => {
    const socket = await member();
    answers.send = () => ({ code: 0, time: 1, seq: 2 });
    await chat.send('dropped');
    socket.push(batch(message(3, 'next')));
    expect(texts()).toEqual(['dropped', 'next']);
    expect((chat.log.value.rows[0] as MessageRow).state).toBe('sent');
  });

  test.each([
    [{ code: 10017, error: 'muted' }, 'err_muted'],
    [{ code: 10023, error: 'too_fast', temporary: true }, 'err_fast'],
    [{ code: 80001, error: '' }, 'err_blocked'],
    [{ code: 80002 }, 'err_long'],
    [{ code: 10002, error: 'store_unavailable', temporary: true }, 'err_busy'],
    [{ code: 70001 }, 'err_signature'],
    [{ code: 12345 }, 'err_unknown'],
    [{ code: 12345, temporary: true }, 'err_busy'],
  ])('%j is told as %s', async (answer, key) => {
    await member();
    answers.send = () => answer;
    await chat.send('hi');
    expect(row()).toMatchObject({ state: 'failed', error: key });
  });

  test('offline is told, and the same random is used again', async () => {
    const socket = await member();
    answers.send = () => null;
    const sending = chat.send('hi');
    socket.fall();
    await sending;
    expect(row()).toMatchObject({ state: 'failed', error: 'err_offline' });
    await vi.advanceTimersByTimeAsync(500);
    last().open();
    await settle();
    answers.send = () => ({ code: 0, seq: 3 });
    await chat.resend(row().random);
    expect(last().requests('send')[0]?.random).toBe(socket.requests('send')[0]?.random);
    expect(row().state).toBe('sent');
    await chat.resend(row().random);
    expect(last().requests('send')).toHaveLength(1);
  });

  test('no answer is told after ten seconds', async () => {
    await member();
    answers.send = () => null;
    const sending = chat.send('hi');
    await vi.advanceTimersByTimeAsync(10_000);
    await sending;
    expect(row()).toMatchObject({ state: 'failed', error: 'err_offline' });
  });
});
