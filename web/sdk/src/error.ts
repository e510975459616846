import type { ChatErrorShape, ErrorData } from './types.ts';

/** Codes made by this package and not by the server; the numbers are Tencent's. */
export const CODE = {
  NO_APP: 2000,
  NO_USER_ID: 2002,
  NO_USER_SIG: 2003,
  NOT_LOGGED_IN: 2024,
  REPEATED_LOGIN: 2025,
  NO_UPLOAD: 2040,
  NO_UPLOAD_URL: 2041,
  SEND_FAILED: 2100,
  NOT_IN_CHATROOM: 2101,
  NO_MESSAGE: 2105,
  BAD_CONVERSATION_TYPE: 2106,
  RECALL_FAILED: 2110,
  NO_IMAGE: 2251,
  IMAGE_TYPE: 2252,
  IMAGE_SIZE: 2253,
  AUDIO_UPLOAD: 2300,
  VIDEO_UPLOAD: 2350,
  VIDEO_SIZE: 2351,
  VIDEO_TYPE: 2352,
  NO_FILE: 2401,
  FILE_SIZE: 2402,
  FILE_EMPTY: 2403,
  NO_MODIFY: 2481,
  NO_CONVERSATION: 2500,
  BAD_CONVERSATION: 2503,
  GROUP_TYPE: 2600,
  BAD_GROUP_ID: 2602,
  NO_OWNER_CHANGE: 2620,
  NOT_IN_GROUP: 2623,
  JOIN_FAILED: 2660,
  NO_INVITATION: 2661,
  GUEST_JOIN: 2662,
  BAD_ROLE: 2683,
  OWN_ROLE: 2684,
  MUTE_SELF: 2685,
  BAN_DURATION: 2686,
  NOT_IN_AVCHATROOM: 2687,
  PROFILE_EMPTY: 2721,
  PROFILE_KEY: 2722,
  NETWORK: 2800,
  TIMEOUT: 2801,
  OFFLINE: 2805,
  INVALID: 2905,
  TOO_OFTEN: 2996,
  NO_MODULE: 2998,
  NOT_READY: 2999,
  LOGGING_IN: 3000,
  LOGIN_FAILED: 3001,
  LOGGED_OUT: 3005,
  NOT_ENABLED: 3122,
  LOCAL_WORD: 3123,
  /** The server's too: a message or a frame is too large. */
  TOO_BIG: 80002,
  /** The server's: this SDK is too old. */
  CLIENT_TOO_OLD: 110001,
} as const;

/** What methods reject with. */
export class ChatError extends Error implements ChatErrorShape {
  readonly code: number;
  data: ErrorData;
  constructor(code: number, message: string, data: ErrorData = {}) {
    super(message);
    this.name = 'ChatError';
    this.code = code;
    this.data = data;
  }
}

export const isTemporary = (err: unknown): boolean => err instanceof ChatError && err.data.temporary === true;
