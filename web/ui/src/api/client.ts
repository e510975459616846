import type { Guest, Plays, Recommendation, RecordingNow, Room, RoomPage, StatusAnswer } from './types.ts';
import { ApiError, data, http, refusal, type Http, type Schemas } from './http.ts';

export { ApiError };

type RoomQuery = { limit?: number; cursor?: string; status?: 'live' | 'paused' | 'waiting' | 'ended' | 'playback'; sort?: 'id' | 'popularity'; q?: string };

/** The few calls that viewers' pages make, without cookies. */
export class Api {
  /** ms by which the server's clock is ahead of this one, to the second. */
  ahead = 0;
  readonly #http: Http;
  constructor(fetcher: (request: Request) => Promise<Response> = (request) => fetch(request), host?: string) {
    this.#http = http({ fetch: fetcher, onAnswer: (response) => this.#clock(response), ...(host ? { host } : {}) });
  }

  rooms(query: RoomQuery, signal?: AbortSignal): Promise<RoomPage> {
    return data(this.#http.GET('/api/v1/rooms', { params: { query }, ...until(signal) }));
  }

  /** Rooms on air that somebody may like; whom he follows is for who is signed in, by UserSig. */
  async recommendations(limit: number, who: { userID: string; userSig: string } | null, signal?: AbortSignal): Promise<Recommendation[]> {
    const query = who ? { limit, user: who.userID } : { limit };
    return (await data(this.#http.GET('/api/v1/recommendations', { params: { query }, ...as(who?.userSig), ...until(signal) }))).rooms;
  }

  room(room: string, signal?: AbortSignal): Promise<Room> {
    return data(this.#http.GET('/api/v1/rooms/{room}', { params: { path: { room } }, ...until(signal) }));
  }

  /** What is recorded of a room just now, for its anchor; null: nothing. */
  async recording(room: string, userSig: string, signal?: AbortSignal): Promise<RecordingNow | null> {
    const query = { room, state: 'recording', limit: 1 } as const;
    return (await data(this.#http.GET('/api/v1/recordings', { params: { query }, ...as(userSig), ...until(signal) }))).recordings[0] ?? null;
  }

  play(room: string, signal?: AbortSignal): Promise<Plays> {
    return data(this.#http.GET('/api/v1/rooms/{room}/play', { params: { path: { room } }, ...until(signal) }));
  }

  /** What was said in a time of a recording, ms; `cursor` goes on in it. Its address comes with the recording: it is of no path that is described. */
  async recorded(address: string, from: number, to: number, cursor = '', signal?: AbortSignal): Promise<{ items?: unknown; next?: string | null }> {
    const query = new URLSearchParams({ from: String(from), to: String(to), ...(cursor ? { cursor } : {}) });
    let response: Response;
    try {
      response = await fetch(`${address}${address.includes('?') ? '&' : '?'}${query}`, { cache: 'no-store', credentials: 'omit', ...until(signal) });
    } catch (err) {
      if (signal?.aborted) throw err;
      throw new ApiError(0, 'unreachable', err instanceof Error ? err.message : '');
    }
    if (!response.ok) throw await refusal(response);
    return data(response.json().then((answer) => ({ data: answer, response })));
  }

  /** The newest status; with `known` the server holds the answer until there is a newer one, up to `waitSeconds`. */
  status(room: string, known?: { epoch: string; version: number; waitSeconds: number }, signal?: AbortSignal): Promise<StatusAnswer> {
    const query = known ? { wait: `${known.waitSeconds}s`, epoch: known.epoch, version: known.version } : {};
    return data(this.#http.GET('/api/v1/rooms/{room}/status', { params: { path: { room }, query }, ...until(signal) }));
  }

  /** The statuses of up to 500 rooms, and which of them there are no more. */
  async statuses(rooms: readonly string[], signal?: AbortSignal): Promise<{ statuses: StatusAnswer[]; missing: string[] }> {
    return data(this.#http.GET('/api/v1/statuses', { params: { query: { rooms: rooms.join(',') } }, ...until(signal) }));
  }

  guest(nick: string, signal?: AbortSignal): Promise<Guest> {
    return data(this.#http.POST('/api/v1/guests', { body: { nick }, ...until(signal) }));
  }

  #clock(response: Response): void {
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(date)) this.ahead = date - Date.now();
  }
}

const until = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {});
const as = (userSig?: string): { headers?: { Authorization: string } } => (userSig ? { headers: { Authorization: `Bearer ${userSig}` } } : {});

export type { Schemas };
