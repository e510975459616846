import { signal } from '@preact/signals';
import { ApiError, data, http, type Http } from '../api/http.ts';
import { BrowserIdentities, type Identity } from '../chat/identity.ts';

/** Who sits at the anchor's console, remembered as long as the tab: the same user that the viewer's page knows. */
export class AnchorSession {
  readonly who = signal<Identity | null>(null);
  /** Whose UserSig was refused while they were here; '' for nobody's. */
  readonly ended = signal('');
  /** The room that a link was for; '' for none. */
  room = '';
  readonly identities = new BrowserIdentities();
  readonly #http: Http;
  #checking = false;

  constructor(options: { host?: string; fetch?: (request: Request) => Promise<Response> } = {}) {
    this.#http = http(options);
    this.#remember();
  }

  /** What stands behind the address, if something does: a user with UserSig is taken at once, a one-time code is for `redeem`. The address bar shows neither any more. */
  takeFrom(place: Location, past: History): string {
    const code = new URLSearchParams(place.hash.slice(1)).get('code') ?? '';
    if (code !== '') past.replaceState(past.state, '', place.pathname + place.search);
    else if (this.identities.takeFrom(place, past)) this.#remember();
    return code;
  }

  /** Changes a one-time code for a UserSig; what is refused is thrown. */
  async redeem(code: string): Promise<void> {
    const { user, userSig, room } = await data(this.#http.POST('/api/v1/links/redeem', { body: { code } }));
    this.room = room;
    this.#keep(user, userSig);
  }

  /** Signs in with a UserSig, which is tried first. */
  async signIn(user: string, userSig: string): Promise<void> {
    await this.#try(user, userSig);
    this.#keep(user, userSig);
  }

  /** A call was refused: who is here leaves, if it is their UserSig that has run out or was revoked. */
  async check(): Promise<void> {
    const who = this.who.peek();
    if (!who || this.#checking) return;
    this.#checking = true;
    try {
      await this.#try(who.userID, who.userSig);
    } catch (err) {
      if (!(err instanceof ApiError && err.status === 401) || this.who.peek() !== who) return;
      this.signOut();
      this.ended.value = who.userID;
    } finally {
      this.#checking = false;
    }
  }

  signOut(): void {
    if (this.identities.load()?.guest === false) this.identities.forget(); // a viewer's own name of this browser stays
    this.who.value = null;
    this.ended.value = '';
    this.room = '';
  }

  async #try(user: string, userSig: string): Promise<void> {
    await data(this.#http.GET('/api/v1/users/{user}/following', { params: { path: { user }, query: { limit: 1 } }, headers: { Authorization: `Bearer ${userSig}` } }));
  }

  #keep(user: string, userSig: string): void {
    this.ended.value = '';
    this.identities.keep(user, userSig);
    this.#remember();
  }

  #remember(): void {
    const known = this.identities.load();
    this.who.value = known?.guest === false ? known : null;
  }
}
