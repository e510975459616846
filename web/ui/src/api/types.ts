// What the REST API answers (design §3). Times are RFC 3339 UTC.
import type { LiveStatus } from 'liveroom-sdk';

export type StatusName = 'waiting' | 'live' | 'paused' | 'ended' | 'playback';

/** The versioned status record as the SDK has it, of a status that these pages know. Of two the `reduce` of status/newest.ts keeps the newer. */
export interface StatusRecord extends LiveStatus {
  name: StatusName;
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
  /** How much goes on there now; only told where rooms are sorted by it. */
  popularity?: number;
  /** A picture of it; absent or '' where none is made. */
  cover?: string;
  /** By how much viewers are to see it later, such as "30s"; of what runs the status says it. */
  delay?: string;
  /** Members are told of the status as late. */
  delayRoom?: boolean;
}

/** A room somebody may like, and why. */
export interface Recommendation extends Room {
  reasons: string[];
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

/** That a live is recorded just now, as its anchor is told. */
export interface RecordingNow {
  id: string;
  /** Why there are gaps in it that are not the push's, in words. */
  cause?: string;
}

/** A recording of ours that a room plays back. Lengths of time are like "1m30s". */
export interface Playback {
  hls: string;
  loop?: boolean;
  startAt?: string;
  duration?: string;
  /** Where it can be downloaded; absent: nowhere. */
  mp4?: string;
}

/** How what is live can be watched from an earlier time. */
export interface TimeShift {
  hls: string;
  /** The oldest moment. */
  from: string;
  /** How far back one may go. */
  window: string;
}

/** What can be played of a room just now. */
export interface Plays {
  play: PlayAddresses;
  playback?: Playback | null;
  timeShift?: TimeShift | null;
}

export interface Guest {
  userId: string;
  userSig: string;
  expiresAt: string;
}

export type StatusAnswer = StatusRecord & { online?: number };
