import { BrowserIdentities, type Identity } from '../chat/identity.ts';

/** Who is in a frame: whom the page around it signed in goes first, and is known for as long as the frame is open. */
export class EmbedIdentities extends BrowserIdentities {
  #given: Identity | null = null;

  /** null: nobody is signed in by the page around any more. */
  give(who: { user: string; sig: string } | null): void {
    this.#given = who && { userID: who.user, userSig: who.sig, nick: '', guest: false };
  }

  override load(): Identity | null {
    return this.#given ?? super.load();
  }

  override forget(): void {
    if (this.#given) this.#given = null;
    else super.forget();
  }
}
