import type { Guest } from '../api/types.ts';
import { session, store } from '../lib/storage.ts';

/** Who this browser is in the chat: a user the site signed in, or a guest with a name. */
export interface Identity {
  userID: string;
  userSig: string;
  /** The name last known; '' when only the server knows it. */
  nick: string;
  guest: boolean;
}

export interface NamedGuest extends Guest {
  nick: string;
}

/** Where it is remembered between visits. */
export interface Identities {
  load(): Identity | null;
  /** A name was taken: this guest from now on. */
  save(guest: NamedGuest): void;
  renamed(nick: string): void;
  /** The one that load gives is refused by the server. */
  forget(): void;
}

/**
 * The browser's memory. A user whom the site signed in (#user=…&sig=… behind the page's address) lasts as long as the tab and goes before
 * a guest, who is remembered for all tabs and visits until the UserSig runs out. Without storage both live as long as the page.
 */
export class BrowserIdentities implements Identities {
  #user: Identity | null = null;
  #guest: NamedGuest | null = null;

  load(): Identity | null {
    const user = this.#user ?? parseUser(session.read('user'));
    if (user) return user;
    const guest = this.#guest ?? parseGuest(store.read('guest'));
    if (!guest) return null;
    const expires = Date.parse(guest.expiresAt);
    if (Number.isFinite(expires) && expires < Date.now() + 60_000) {
      this.#keepGuest(null);
      return null;
    }
    return { userID: guest.userId, userSig: guest.userSig, nick: guest.nick, guest: true };
  }

  save(guest: NamedGuest): void {
    this.#keepGuest(guest);
  }

  renamed(nick: string): void {
    const guest = this.#guest ?? parseGuest(store.read('guest'));
    if (guest && this.load()?.guest) this.#keepGuest({ ...guest, nick });
  }

  forget(): void {
    if (this.load()?.guest === false) this.#keepUser(null);
    else this.#keepGuest(null);
  }

  /** Takes a user out of the address, if one is there, and the address bar shows it no more. */
  takeFrom(place: Location, past: History): boolean {
    const given = new URLSearchParams(place.hash.slice(1));
    const [userID, userSig] = [given.get('user') ?? '', given.get('sig') ?? ''];
    if (userID === '' || userSig === '') return false;
    past.replaceState(past.state, '', place.pathname + place.search);
    this.keep(userID, userSig);
    return true;
  }

  /** A user whom the site signed in, from now on. */
  keep(userID: string, userSig: string): void {
    this.#keepUser({ userID, userSig, nick: '', guest: false });
  }

  #keepUser(user: Identity | null): void {
    this.#user = user;
    session.write('user', user && JSON.stringify({ userId: user.userID, userSig: user.userSig }));
  }

  #keepGuest(guest: NamedGuest | null): void {
    this.#guest = guest;
    store.write('guest', guest && JSON.stringify(guest));
  }
}

const full = (...values: unknown[]): boolean => values.every((s) => typeof s === 'string' && s !== '');

function parse(text: string | null): Record<string, unknown> {
  try {
    return (JSON.parse(text ?? '') as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

function parseUser(text: string | null): Identity | null {
  const { userId, userSig } = parse(text);
  return full(userId, userSig) ? { userID: userId as string, userSig: userSig as string, nick: '', guest: false } : null;
}

function parseGuest(text: string | null): NamedGuest | null {
  const guest = parse(text) as Partial<NamedGuest>;
  return full(guest.userId, guest.userSig, guest.nick, guest.expiresAt) ? (guest as NamedGuest) : null;
}
