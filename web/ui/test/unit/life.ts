import { create } from 'liveroom-sdk';
import { vi } from 'vitest';
import type { FakeServer } from '../../../sdk/test/fake-server.ts';
import { RoomChat } from '../../src/chat/room-chat.ts';
import { Interaction } from '../../src/interact/interaction.ts';
import { PendingGifts } from '../../src/interact/pending.ts';

let app = 5000;

/** A tab's memory. */
export function tab() {
  const kept = new Map<string, string>();
  return {
    kept,
    read: (key: string) => kept.get(key) ?? null,
    write: (key: string, value: string | null) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
}

/** A page in the room demo, as alice. */
export function visit(server: FakeServer, place = tab()) {
  const sdk = create({ SDKAppID: app++, host: 'https://live.example', environment: { socket: server.socket, watch: () => () => {}, log: () => {}, online: () => true } });
  server.users.set('alice', { nick: 'Alice', avatar: '' });
  const chat = new RoomChat({
    sdk, group: 'demo', createGuest: () => Promise.reject(new Error('no')),
    identities: { load: () => ({ userID: 'alice', userSig: 's', nick: '', guest: false }), save: () => {}, renamed: () => {}, forget: () => {} },
  });
  const life = new Interaction({ sdk, group: 'demo', anchor: 'anna', chat, pending: new PendingGifts(place) });
  const stop = () => {
    chat.stop();
    life.stop();
  };
  return { chat, life, sdk, stop };
}

/** Lets everything happen that is due within `ms`. */
export const pass = (ms = 30) => vi.advanceTimersByTimeAsync(ms);
