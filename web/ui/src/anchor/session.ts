import { signal } from '@preact/signals';
import { data, http, type Http } from '../api/http.ts';
import { BrowserIdentities, type Identity } from '../chat/identity.ts';

/** Who sits at the anchor's console, remembered as long as the tab: the same user that the viewer's page knows. */
export class AnchorSession {
  readonly who = signal<Identity | null>(null);
  /** The room that a link was for; '' for none. */
  room = '';
  readonly identities = new BrowserIdentities();
  readonly #http: Http;

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
    await data(this.#http.GET('/api/v1/users/{user}/following', { params: { path: { user }, query: { limit: 1 } }, headers: { Authorization: `Bearer ${userSig}` } }));
    this.#keep(user, userSig);
  }

  signOut(): void {
    this.identities.forget();
    this.who.value = null;
    this.room = '';
  }

  #keep(user: string, userSig: string): void {
    this.identities.keep(user, userSig);
    this.#remember();
  }

  #remember(): void {
    const known = this.identities.load();
    this.who.value = known?.guest === false ? known : null;
  }
}
