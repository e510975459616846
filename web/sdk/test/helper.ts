import { afterEach, beforeEach, vi } from 'vitest';
import { create } from '../src/create.ts';
import type { Chat } from '../src/chat.ts';
import { EVENT } from '../src/constants.ts';
import type { CreateOptions, Environment, Message } from '../src/types.ts';
import { FakeServer } from './fake-server.ts';

let nextApp = 1;
const made: Chat[] = [];
let seed = 1;
/** Repeatable, and no two alike soon: it makes message ids too. */
const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;

export interface Client {
  chat: Chat;
  events: { name: string; data: any }[];
  /** Data of the events of one name so far. */
  of(name: string): any[];
  /** All messages received so far, batches joined. */
  messages(): Message[];
  texts(): string[];
  watchers: Set<(what: 'visible' | 'online' | 'offline') => void>;
  forget(): void;
}

/** For each test of a file: a server of its own where alice has a nick and an avatar, and time that moves only when told. */
export function world(): { server: FakeServer } {
  const made = { server: new FakeServer() };
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_795_000_000_000 });
    made.server = new FakeServer();
    made.server.users.set('alice', { nick: 'Alice', avatar: 'https://a/alice.png' });
  });
  afterEach(async () => {
    await endAll();
    vi.useRealTimers();
  });
  return made;
}

/** An instance on a fake server, every event of which is written down. */
export function client(server: FakeServer, options: Partial<CreateOptions> = {}, environment: Partial<Environment> = {}): Client {
  const watchers: Client['watchers'] = new Set();
  const chat = create({
    SDKAppID: nextApp++, host: 'https://live.example', ...options,
    environment: {
      socket: server.socket, random, log: () => {}, online: () => true,
      watch: (listener) => (watchers.add(listener), () => watchers.delete(listener)), ...environment,
    },
  });
  made.push(chat);
  const events: Client['events'] = [];
  for (const name of new Set(Object.values(EVENT))) chat.on(name, ({ name, data }) => void events.push({ name, data }));
  const of = (name: string) => events.filter((e) => e.name === name).map((e) => e.data);
  const messages = () => (of(EVENT.MESSAGE_RECEIVED) as Message[][]).flat();
  return { chat, events, of, messages, texts: () => messages().map((m) => m.payload.text), watchers, forget: () => void events.splice(0) };
}

/** Lets everything happen that is due within `ms`. */
export const pass = (ms = 10) => vi.advanceTimersByTimeAsync(ms);

/** A promise together with the time it needs; fake timers stand still otherwise. */
export async function during<T>(promise: Promise<T>, ms = 50): Promise<T> {
  promise.catch(() => {});
  await pass(ms);
  return promise;
}

export async function loggedIn(server: FakeServer, userID = 'alice', options: Partial<CreateOptions> = {}, environment: Partial<Environment> = {}): Promise<Client> {
  const c = client(server, options, environment);
  await during(c.chat.login({ userID, userSig: `sig-of-${userID}` }));
  return c;
}

export async function inRoom(server: FakeServer, userID = 'alice', options: Partial<CreateOptions> = {}, environment: Partial<Environment> = {}): Promise<Client> {
  const c = await loggedIn(server, userID, options, environment);
  await during(c.chat.joinGroup({ groupID: 'demo' }));
  return c;
}

/** What a promise was rejected with. */
export async function refused(promise: Promise<unknown>, ms = 50): Promise<any> {
  return during(promise.then(() => { throw new Error('it succeeded'); }, (err) => err), ms);
}

/** The codes that calls made at once were rejected with; 0 for one that was not. */
export async function codes(calls: Promise<unknown>[], ms = 50): Promise<number[]> {
  const ends = await during(Promise.allSettled(calls), ms);
  return ends.map((end) => (end.status === 'rejected' ? end.reason.code : 0));
}

export const text = (said: string, to = 'demo') => ({ to, conversationType: 'GROUP', payload: { text: said } });

/** Ends what a test made. */
export async function endAll(): Promise<void> {
  await Promise.all(made.splice(0).map((chat) => chat.destroy()));
}
