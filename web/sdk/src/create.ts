import { Chat } from './chat.ts';
import { base, chatURL, surroundings } from './environment.ts';
import { ChatError, CODE } from './error.ts';
import type { CreateOptions, Environment } from './types.ts';

const instances = new Map<number, Chat>();

/** Makes an instance, or gives the one there is for this SDKAppID. */
export function create(options: CreateOptions): Chat {
  const app = Number(options?.SDKAppID);
  if (options?.SDKAppID === undefined || !Number.isInteger(app)) throw new ChatError(CODE.NO_APP, 'SDKAppID is missing');
  const there = instances.get(app);
  if (there) return there;
  const env: Environment = { ...base(), ...options.environment };
  const host = options.host || options.proxyServer || env.defaultHost || surroundings.location?.origin;
  if (typeof host !== 'string' || host === '' || host === 'null') throw new ChatError(CODE.INVALID, 'host is missing: where is the server?');
  const secure = (surroundings.location?.protocol ?? 'https:') === 'https:';
  const chat = new Chat(options, chatURL(host, secure), env, () => instances.get(app) === chat && instances.delete(app));
  instances.set(app, chat);
  return chat;
}
