import type { Environment, FileLike, SocketLike } from './types.ts';

// What JavaScript runtimes may have. No DOM is assumed: each thing is looked for, and what is missing must be given.
interface Surroundings {
  WebSocket?: new (url: string) => SocketLike;
  crypto?: { getRandomValues(into: Uint32Array): Uint32Array };
  navigator?: { onLine?: boolean };
  location?: { origin?: string; protocol?: string };
}

/** The runtime's global object, where it has a name; looked at when used, so that tests and polyfills may change it. */
export const surroundings = (typeof globalThis === 'object' ? globalThis : {}) as unknown as Surroundings;

const shared: Environment = {
  platform: 'Web',
  defaultHost: '',
  socket: (url) => {
    if (!surroundings.WebSocket) throw new Error('there is no WebSocket here: give create an environment with a socket');
    return new surroundings.WebSocket(url);
  },
  fallback: null,
  upload: null,
  measure: null,
  file: (given) => (isFile(given) ? given : null),
  online: () => surroundings.navigator?.onLine !== false,
  watch: () => () => {},
  now: () => Date.now(),
  random: () => (surroundings.crypto ? (surroundings.crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32 : Math.random()),
  setTimeout: (task, ms) => setTimeout(task, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  log: (level, text, detail) => {
    const write = (['debug', 'info', 'warn', 'error'] as const)[level] ?? 'debug';
    if (detail === undefined) console[write](`[liveroom] ${text}`);
    else console[write](`[liveroom] ${text}`, detail);
  },
};

export const isFile = (given: unknown): given is FileLike =>
  typeof given === 'object' && given !== null && typeof (given as FileLike).size === 'number';

/** The WebSocket address of a server: from an origin, a host, or an address with a path before /chat. */
export function chatURL(host: string, secure: boolean): string {
  const bare = host.trim().replace(/\/+$/, '');
  const scheme = /^([a-z]+):\/\//i.exec(bare)?.[1]?.toLowerCase();
  const rest = scheme ? bare.slice(scheme.length + 3) : bare;
  const tls = scheme ? scheme === 'https' || scheme === 'wss' : secure;
  return `${tls ? 'wss' : 'ws'}://${rest.replace(/\/chat$/, '')}/chat`;
}

let known = shared;

/** What create starts from. */
export const base = (): Environment => known;

/** The entry of each build puts in what its runtime has besides. */
export function setBase(parts: Partial<Environment>): void {
  known = { ...known, ...parts };
}
