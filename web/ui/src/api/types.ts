// What the REST API answers (design §3). Times are RFC 3339 UTC.

export type StatusName = 'waiting' | 'live' | 'paused' | 'ended' | 'playback';

/** The versioned status record; compare with `newer` before believing one. */
export interface StatusRecord {
  room: string;
  epoch: string;
  version: number;
  code: number;
  name: StatusName;
  reason: string;
  detail: string;
  session: string;
  since: string;
  streamActive: boolean;
  graceUntil: string | null;
  playbackUrl: string | null;
}

export interface Room {
  id: string;
  groupId: string;
  stream: string;
  title: string;
  anchor: string;
  notice: string;
  scheduledAt: string | null;
  endAt: string | null;
  playAuth: string;
  status: StatusRecord;
  online: number;
}

export interface RoomPage {
  rooms: Room[];
  nextCursor?: string;
}

/** Signed addresses of one stream; a server may leave out what it does not offer. */
export interface PlayAddresses {
  rtmp?: string;
  flv?: string;
  hls?: string;
  wsFlv?: string;
}

export interface Guest {
  userId: string;
  userSig: string;
  expiresAt: string;
}

export type StatusAnswer = StatusRecord & { online?: number };
