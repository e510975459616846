import type { Guest, Plays, Recommendation, RecordingNow, Room, RoomPage, StatusAnswer } from './types.ts';

/** A refusal by the server: `code` is its stable word, `status` 0 means that it was not reached at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string;
  constructor(status: number, code: string, detail: string, field = '') {
    super(detail || code);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export type Fetch = typeof fetch;

/** The few calls the pages make. */
export class Api {
  /** ms by which the server's clock is ahead of this one, to the second. */
  ahead = 0;
  readonly #fetch: Fetch;
  readonly #base: string;
  constructor(base = '/api/v1', fetcher: Fetch = (input, init) => fetch(input, init)) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  rooms(query: { limit?: number; cursor?: string; status?: string; sort?: string }, signal?: AbortSignal): Promise<RoomPage> {
    return this.#call(`/rooms${search(query)}`, { signal });
  }

  /** Rooms on air that somebody may like; whom he follows is for who is signed in, by UserSig. */
  async recommendations(limit: number, who: { userID: string; userSig: string } | null, signal?: AbortSignal): Promise<Recommendation[]> {
    const answer = await this.#call<{ rooms?: Recommendation[] }>(`/recommendations${search({ limit, user: who?.userID })}`, {
      signal, ...(who ? { headers: { Authorization: `Bearer ${who.userSig}` } } : {}),
    });
    return answer.rooms ?? [];
  }

  room(id: string, signal?: AbortSignal): Promise<Room> {
    return this.#call(`/rooms/${encodeURIComponent(id)}`, { signal });
  }

  /** What is recorded of a room just now, for its anchor; null: nothing. */
  async recording(room: string, userSig: string, signal?: AbortSignal): Promise<RecordingNow | null> {
    const answer = await this.#call<{ recordings?: RecordingNow[] }>(`/recordings${search({ room, state: 'recording', limit: 1 })}`, {
      signal, headers: { Authorization: `Bearer ${userSig}` },
    });
    return answer.recordings?.[0] ?? null;
  }

  play(id: string, signal?: AbortSignal): Promise<Plays> {
    return this.#call<Plays>(`/rooms/${encodeURIComponent(id)}/play`, { signal });
  }

  /** What was said in a time of a recording, ms; `cursor` goes on in it. */
  recorded(address: string, from: number, to: number, cursor = '', signal?: AbortSignal): Promise<{ items?: unknown; next?: string | null }> {
    const query = search({ from, to, cursor }).slice(1);
    return this.#read(`${address}${address.includes('?') ? '&' : '?'}${query}`, { signal });
  }

  /** The newest status; with `known` the server holds the answer until there is a newer one, up to `waitSeconds`. */
  status(
    id: string,
    known?: { epoch: string; version: number; waitSeconds: number },
    signal?: AbortSignal,
  ): Promise<StatusAnswer> {
    const query = known
      ? search({ wait: `${known.waitSeconds}s`, epoch: known.epoch, version: known.version })
      : '';
    return this.#call(`/rooms/${encodeURIComponent(id)}/status${query}`, { signal });
  }

  guest(nick: string, signal?: AbortSignal): Promise<Guest> {
    return this.#call('/guests', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ nick }),
      signal,
    });
  }

  #call<T>(path: string, init: RequestInit & { signal?: AbortSignal | undefined }): Promise<T> {
    return this.#read(this.#base + path, init);
  }

  async #read<T>(address: string, init: RequestInit & { signal?: AbortSignal | undefined }): Promise<T> {
    let response: Response;
    try {
      response = await this.#fetch(address, { cache: 'no-store', credentials: 'omit', ...init } as RequestInit);
    } catch (err) {
      if (init.signal?.aborted) throw err;
      throw new ApiError(0, 'unreachable', err instanceof Error ? err.message : '');
    }
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(date)) this.ahead = date - Date.now();
    if (!response.ok) throw await refusal(response);
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError(response.status, 'bad_answer', 'the server answered something else than JSON');
    }
  }
}

/** Reads application/problem+json; a proxy's own error page gives only its status. */
async function refusal(response: Response): Promise<ApiError> {
  try {
    const problem = (await response.json()) as { code?: unknown; detail?: unknown; field?: unknown };
    return new ApiError(response.status, word(problem.code) || 'http', word(problem.detail), word(problem.field));
  } catch {
    return new ApiError(response.status, 'http', response.statusText);
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');

function search(query: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}
