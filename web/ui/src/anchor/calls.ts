import { data, http, type Http, type Schemas } from '../api/http.ts';
import type { Page } from '../design/list.ts';
import type { Drive } from './drive.ts';

/** The calls of an anchor's console, in the name of who signed in. */
export class AnchorCalls {
  readonly #http: Http;
  /** `onRefused`: the server does not know the caller (any more). */
  constructor(userSig: () => string, { onRefused, ...options }: { host?: string; fetch?: (request: Request) => Promise<Response>; onRefused?(): void } = {}) {
    this.#http = http({ ...options, headers: () => ({ Authorization: `Bearer ${userSig()}` }), onAnswer: (response) => response.status === 401 && onRefused?.() });
  }

  /** The rooms whose anchor a user is; at most a hundred. */
  async rooms(anchor: string, signal?: AbortSignal): Promise<Schemas['RoomBody'][]> {
    return (await data(this.#http.GET('/api/v1/rooms', { params: { query: { anchor, limit: 100 } }, ...until(signal) }))).rooms;
  }

  /** How the push does; with samples of so many seconds back. */
  ingest(room: string, back: number, signal?: AbortSignal): Promise<Schemas['IngestBody']> {
    return data(this.#http.GET('/api/v1/rooms/{room}/ingest', { params: { path: { room }, query: { samples: `${back}s` } }, ...until(signal) }));
  }

  async refusals(room: string, signal?: AbortSignal): Promise<Schemas['RefusalBody'][]> {
    return (await data(this.#http.GET('/api/v1/rooms/{room}/refusals', { params: { path: { room } }, ...until(signal) }))).refusals;
  }

  addresses(room: string, expiresIn: string): Promise<Schemas['AddressesOutBody']> {
    return data(this.#http.POST('/api/v1/rooms/{room}/addresses', { params: { path: { room } }, body: { expiresIn } }));
  }

  /** Drives the room; the answer is its new record. */
  drive(room: string, act: Drive, reason: string): Promise<Schemas['Record']> {
    return data(this.#http.POST(`/api/v1/rooms/{room}/${act}`, { params: { path: { room } }, body: reason ? { reason } : {} }));
  }

  playback(room: string, recordings: string[]): Promise<Schemas['Record']> {
    return data(this.#http.POST('/api/v1/rooms/{room}/playback', { params: { path: { room } }, body: { recordings } }));
  }

  async recordings(room: string, signal?: AbortSignal): Promise<Schemas['RecordingBody'][]> {
    return (await data(this.#http.GET('/api/v1/recordings', { params: { query: { room, limit: 20 } }, ...until(signal) }))).recordings;
  }

  chat(room: string, signal?: AbortSignal): Promise<Schemas['ChatGroupBody']> {
    return data(this.#http.GET('/api/v1/rooms/{room}/chat', { params: { path: { room } }, ...until(signal) }));
  }

  changeChat(room: string, patch: Schemas['ChatGroupPatch']): Promise<Schemas['ChatGroupBody']> {
    return data(this.#http.PATCH('/api/v1/rooms/{room}/chat', { params: { path: { room } }, body: patch }));
  }

  async notice(room: string, notice: string): Promise<void> {
    await data(this.#http.PUT('/api/v1/rooms/{room}/notice', { params: { path: { room } }, body: { notice } }));
  }

  /** A page of who may not speak, or not come in. */
  async sanctions(kind: 'mutes' | 'bans', room: string, cursor: string, signal?: AbortSignal): Promise<Page<Schemas['SanctionBody']>> {
    const params = { path: { room }, query: { limit: 50, ...(cursor ? { cursor } : {}) } };
    if (kind === 'mutes') {
      const { mutes, nextCursor = '' } = await data(this.#http.GET('/api/v1/rooms/{room}/mutes', { params, ...until(signal) }));
      return { rows: mutes, next: nextCursor };
    }
    const { bans, nextCursor = '' } = await data(this.#http.GET('/api/v1/rooms/{room}/bans', { params, ...until(signal) }));
    return { rows: bans, next: nextCursor };
  }

  async lift(kind: 'mutes' | 'bans', room: string, user: string): Promise<void> {
    const params = { path: { room, user } };
    await (kind === 'mutes' ? data(this.#http.DELETE('/api/v1/rooms/{room}/mutes/{user}', { params })) : data(this.#http.DELETE('/api/v1/rooms/{room}/bans/{user}', { params })));
  }

  async draws(room: string, signal?: AbortSignal): Promise<Schemas['DrawBody'][]> {
    return (await data(this.#http.GET('/api/v1/rooms/{room}/draws', { params: { path: { room }, query: { limit: 10 } }, ...until(signal) }))).draws;
  }

  startDraw(room: string, draft: Schemas['DrawDraft']): Promise<Schemas['DrawBody']> {
    return data(this.#http.POST('/api/v1/rooms/{room}/draws', { params: { path: { room } }, body: draft }));
  }

  closeDraw(room: string, draw: string, how: 'end' | 'cancel'): Promise<unknown> {
    const params = { path: { room, draw } };
    return how === 'end' ? data(this.#http.POST('/api/v1/rooms/{room}/draws/{draw}/end', { params })) : data(this.#http.POST('/api/v1/rooms/{room}/draws/{draw}/cancel', { params, body: {} }));
  }

  async ledger(room: string, session: string, cursor: string, signal?: AbortSignal): Promise<Page<Schemas['EntryBody']>> {
    const query = { limit: 20, ...(session ? { session } : {}), ...(cursor ? { cursor } : {}) };
    const { entries, nextCursor = '' } = (await data(this.#http.GET('/api/v1/rooms/{room}/gifts/ledger', { params: { path: { room }, query }, ...until(signal) }))) as Schemas['LedgerBody'];
    return { rows: entries, next: nextCursor };
  }

  async sessions(room: string, signal?: AbortSignal): Promise<Schemas['SummaryBody'][]> {
    return (await data(this.#http.GET('/api/v1/rooms/{room}/sessions', { params: { path: { room }, query: { limit: 20 } }, ...until(signal) }))).sessions;
  }
}

const until = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {});
