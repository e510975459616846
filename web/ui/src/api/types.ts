// What the REST API answers, by the names that the viewers' pages have for it, and no more of it than they use.
import type { LiveStatus } from 'liveroom-sdk';
import type { Schemas } from './http.ts';

export type StatusName = 'waiting' | 'live' | 'paused' | 'ended' | 'playback';

/** The versioned status record as the SDK has it, of a status that these pages know. Of two the `reduce` of status/newest.ts keeps the newer. */
export interface StatusRecord extends LiveStatus {
  name: StatusName;
}

/** The same as it comes: parseRecord of status/newest.ts reads it. */
export type SentRecord = Omit<Schemas['Record'], 'delay'> & { delay?: string | number };

type RoomFields = 'id' | 'groupId' | 'stream' | 'title' | 'anchor' | 'notice' | 'scheduledAt' | 'endAt' | 'playAuth' | 'online' | 'popularity' | 'cover';

/** A room; its popularity is only told where rooms are sorted by it. */
export interface Room extends Pick<Schemas['RoomBody'], RoomFields>, Partial<Pick<Schemas['RoomBody'], 'delay' | 'delayRoom'>> {
  status: SentRecord;
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
export type PlayAddresses = Partial<Schemas['PlayAddresses']>;

/** That a live is recorded just now, as its anchor is told. */
export type RecordingNow = Pick<Schemas['RecordingBody'], 'id' | 'cause'>;

/** A recording of ours that a room plays back. Lengths of time are like "1m30s". */
export type Playback = Pick<Schemas['PlaybackPlay'], 'hls'> & Partial<Schemas['PlaybackPlay']>;

/** How what is live can be watched from an earlier time. */
export type TimeShift = Schemas['ShiftPlay'];

/** What can be played of a room just now. */
export interface Plays {
  play: PlayAddresses;
  playback?: Playback | null;
  timeShift?: TimeShift | null;
}

export type Guest = Omit<Schemas['GuestOutBody'], 'nick'>;

export type StatusAnswer = SentRecord & { online?: number };
