import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.d.ts';

/** What the server's description calls things. */
export type Schemas = components['schemas'];

/** The REST API, as web/openapi.yaml describes it: paths, parameters and answers are typed. */
export type Http = Client<paths>;

/** A refusal by the server: `code` is its stable word, `status` 0 means that it was not reached at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string;
  /** Seconds after which it may be tried again; 0: the server does not say. */
  readonly retryAfter: number;
  constructor(status: number, code: string, detail: string, field = '', retryAfter = 0) {
    super(detail || code);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

export interface HttpOptions {
  /** Where the server is; default: where the page comes from. */
  host?: string;
  fetch?: (request: Request) => Promise<Response>;
  /** Whether the cookie of a signed-in console goes with it; viewers' pages send none. */
  session?: boolean;
  /** Headers of each call, such as who calls. */
  headers?(request: Request): Record<string, string>;
  /** Sees each answer, refusals too. */
  onAnswer?(response: Response): void;
}

/** A client whose calls throw ApiError instead of answering an error. */
export function http(options: HttpOptions = {}): Http {
  const client = createClient<paths>({
    baseUrl: options.host ?? (typeof location === 'undefined' ? '' : location.origin),
    cache: 'no-store',
    credentials: options.session ? 'same-origin' : 'omit',
    fetch: options.fetch ?? ((request) => fetch(request)),
  });
  client.use({
    onRequest({ request }) {
      for (const [name, value] of Object.entries(options.headers?.(request) ?? {})) request.headers.set(name, value);
    },
    async onResponse({ response }) {
      options.onAnswer?.(response);
      if (!response.ok) throw await refusal(response);
    },
    onError({ error, request }) {
      if (error instanceof ApiError || request.signal.aborted) return;
      return new ApiError(0, 'unreachable', error instanceof Error ? error.message : '');
    },
  });
  return client;
}

/** What a call answers. Of one that answers nothing it is undefined. */
export async function data<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  try {
    return (await call).data as T;
  } catch (err) {
    if (err instanceof SyntaxError) throw new ApiError(200, 'bad_answer', 'the server answered something else than JSON');
    throw err;
  }
}

/** Reads application/problem+json; a proxy's own error page gives only its status. */
export async function refusal(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('Retry-After')) || 0;
  try {
    const problem = (await response.json()) as { code?: unknown; detail?: unknown; field?: unknown };
    return new ApiError(response.status, word(problem.code) || 'http', word(problem.detail), word(problem.field), retry);
  } catch {
    return new ApiError(response.status, 'http', response.statusText, '', retry);
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');
