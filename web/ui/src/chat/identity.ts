import type { Guest } from '../api/types.ts';
import { store } from '../lib/storage.ts';

export interface NamedGuest extends Guest {
  nick: string;
}

/** Where a named guest is remembered between visits. */
export interface GuestStore {
  load(): NamedGuest | null;
  save(guest: NamedGuest | null): void;
}

/** The browser's memory of its guest; one that has run out is forgotten. Without storage it lives as long as the page. */
export class BrowserGuests implements GuestStore {
  #memory: NamedGuest | null = null;

  load(): NamedGuest | null {
    const guest = this.#memory ?? parse(store.read('guest'));
    if (!guest) return null;
    const expires = Date.parse(guest.expiresAt);
    if (Number.isFinite(expires) && expires < Date.now() + 60_000) {
      this.save(null);
      return null;
    }
    return guest;
  }

  save(guest: NamedGuest | null): void {
    this.#memory = guest;
    store.write('guest', guest && JSON.stringify(guest));
  }
}

function parse(text: string | null): NamedGuest | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<NamedGuest> | null;
    const strings = [value?.userId, value?.userSig, value?.nick, value?.expiresAt];
    return strings.every((s) => typeof s === 'string' && s !== '') ? (value as NamedGuest) : null;
  } catch {
    return null;
  }
}
