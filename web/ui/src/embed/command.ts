// What the page around the frame may say to it, and what it is told. docs/clients.md, "Messages", is the same in words.

/** Longest UserSig that is taken. */
export const MOST_SIG = 2048;

export type Command =
  | { type: 'liveroom:hello' }
  | { type: 'liveroom:play' }
  | { type: 'liveroom:pause' }
  | { type: 'liveroom:mute' }
  | { type: 'liveroom:unmute' }
  | { type: 'liveroom:volume'; volume: number }
  | { type: 'liveroom:theme'; theme: 'auto' | 'light' | 'dark' }
  | { type: 'liveroom:signin'; user: string; sig: string }
  | { type: 'liveroom:signout' };

export type CommandType = Command['type'];

/** Its caller's name for it, to know the answer by; null: none was given. */
export type CommandId = string | number | null;

export type Parsed =
  | { command: Command; id: CommandId }
  | { refused: 'unknown_command' | 'bad_field'; to: string; field: string; id: CommandId };

const PLAIN = ['liveroom:hello', 'liveroom:play', 'liveroom:pause', 'liveroom:mute', 'liveroom:unmute', 'liveroom:signout'] as const;

/** Reads a message; null: it is not for us, as most that pages send to their frames are not. */
export function parseCommand(data: unknown): Parsed | null {
  if (typeof data !== 'object' || data === null) return null;
  const { type, id: given, volume, theme, user, sig } = data as Record<string, unknown>;
  if (typeof type !== 'string' || !type.startsWith('liveroom:') || type.length > 64) return null;
  const id = (typeof given === 'string' && given.length <= 64) || Number.isSafeInteger(given) ? (given as string | number) : null;
  const bad = (field: string): Parsed => ({ refused: 'bad_field', to: type, field, id });
  const plain = PLAIN.find((one) => one === type);
  if (plain) return { command: { type: plain }, id };
  switch (type) {
    case 'liveroom:volume':
      if (typeof volume !== 'number' || !(volume >= 0 && volume <= 1)) return bad('volume');
      return { command: { type, volume }, id };
    case 'liveroom:theme':
      if (theme !== 'auto' && theme !== 'light' && theme !== 'dark') return bad('theme');
      return { command: { type, theme }, id };
    case 'liveroom:signin':
      if (typeof user !== 'string' || !/^[!-~]{1,32}$/.test(user)) return bad('user');
      if (typeof sig !== 'string' || sig === '' || sig.length > MOST_SIG) return bad('sig');
      return { command: { type, user, sig }, id };
    default:
      return { refused: 'unknown_command', to: type, field: '', id };
  }
}
