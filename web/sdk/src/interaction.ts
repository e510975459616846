// The public types of what people do in a room beside talking: gifts, likes, levels, follows, draws, and how a live went. Joined to types.ts in the build.
import type { UserInfo } from './types.ts';

/** A gift one can give. Prices are whole numbers of the smallest unit. */
export interface Gift {
  id: string;
  name: string;
  price: number;
  /** An address of a picture, or a text such as an emoji; may be anything a backend wrote. */
  icon: string;
  /** What pages show with it; liveroom's own know "none", "float", "confetti" and "banner". */
  effect: string;
  /** Whether clicks in a row become one run. */
  combo: boolean;
}
export interface GiftOptions {
  groupID: string;
  /** The id of a gift in the catalogue. */
  gift: string;
  /** 1…9999; default 1. */
  count?: number;
  /** What one costs as it was shown; default: as getGiftList said last. Where it costs something else now it is refused as price_changed. */
  price?: number;
  /** The id of a run of clicks; see combo. */
  combo?: string;
  /** The order's id, up to 64 characters; made here if absent. The same id is never charged twice. */
  order?: string;
}
/** A gift this user gave, on its way. */
export interface GiftOrder {
  id: string;
  groupID: string;
  gift: string;
  name: string;
  price: number;
  count: number;
  value: number;
  combo: string;
  state: 'pending' | 'accepted' | 'refused';
  /** Why it was refused. */
  reason: string;
}
export interface GiftOrderInfo {
  groupID: string;
  order: GiftOrder;
  /** What the backend says is left, if it says so. */
  balance?: number;
}
/** A gift as the room is told of it; clicks in a row are one run whose total grows. */
export interface GiftResult {
  groupID: string;
  gift: Omit<Gift, 'combo'>;
  from: UserInfo & { level: number };
  /** Whom it was given to. */
  to: string;
  count: number;
  value: number;
  /** The run's id; '' for a gift that is none. */
  combo: string;
  /** How many there are in the run so far. */
  comboTotal: number;
  /** Nothing more comes of this run. */
  final: boolean;
  order: string;
  session: string;
}
/** Clicks in a row on one gift. */
export interface Combo {
  readonly groupID: string;
  readonly gift: string;
  /** The run's id; another one after a rest. */
  readonly id: string;
  /** Clicks of this run so far. */
  readonly clicks: number;
  /** Counts `n` more; they leave merged, in a few orders a second. */
  click(n?: number): void;
}
export interface ComboOptions {
  groupID: string;
  gift: string;
  /** As of sendGift; default: as getGiftList said when the combo was made. At another price, make another. */
  price?: number;
  /** Orders a second at most; default 2. */
  perSecond?: number;
  /** After so many milliseconds without a click the next one begins a new run; default 3000. */
  restMs?: number;
}
export interface Ranked extends UserInfo {
  rank: number;
  level: number;
  value: number;
  count: number;
}
export interface GiftRanking {
  ranking: Ranked[];
  totals: { value: number; count: number; senders: number };
  session: string;
}
/** What a room has got. The server's counters, and this user's own likes at once. */
export interface TotalsInfo {
  groupID: string;
  likes: number;
  giftValue: number;
  giftCount: number;
  popularity: number;
}
/** Likes of somebody else, as they come; a busy room leaves some out (the total has them all). */
export interface LikesInfo {
  groupID: string;
  from: UserInfo;
  count: number;
}
/** Somebody in a room reached another level. */
export interface LevelInfo {
  groupID: string;
  userID: string;
  nick: string;
  level: number;
  from: number;
  badge: string;
}
export interface Level {
  userID: string;
  level: number;
  score: number;
  /** The score of the next level; 0 at the last one. */
  next: number;
  badge: string;
  membership: string;
}
export interface FollowState {
  following: boolean;
  followers: number;
}
/** How it went with one of several users whom one follows or unfollows at once. */
export interface FollowResult {
  userID: string;
  /** 0: done; else why not, and info says it. */
  code: number;
  info: string;
}
export interface Followed extends UserInfo {
  /** Unix seconds. */
  followTime: number;
}
/** A lucky draw. */
export interface Draw {
  id: string;
  title: string;
  prize: string;
  /** One enters by saying `keyword` (with `contains` also within a text), or by a custom message of this type. */
  trigger: { keyword: string; contains: boolean; messageType: string };
  /** RFC 3339: messages from then on are too late. Of one that has ended only `getDraw` tells. */
  endsAt: string;
  /** RFC 3339: when it was to end by itself, which is `endsAt` unless somebody ended it earlier; only `getDraw` tells. */
  until: string;
  /** How many win. */
  places: number;
  eligibility: { minLevel: number; follower: boolean; giftValue: number; notWonBefore: boolean };
  state: 'open' | 'ended' | 'cancelled';
  /** The hashes of the seed and of the rules, told before anybody entered. */
  commitment: string;
  rulesHash: string;
  /** Told at the end: the seed, the hash of the entries, how many there were, and who won. */
  seed: string;
  entriesHash: string;
  entries: number;
  /** How many won. `winners` are the first of them; those of `getDraw` 20, and behind them yourself if you are one of the others. */
  drawn: number;
  winners: UserInfo[];
  /** Why it was cancelled. */
  reason: string;
}
/** What the anchor asks for who starts a draw. */
export interface DrawOptions {
  groupID: string;
  /** Of the anchor's making, 1…64 letters, digits, _ and -: the same id with the same terms is the same draw. */
  drawID: string;
  title: string;
  prize?: string;
  /** One of keyword and messageType. */
  trigger: { keyword?: string; contains?: boolean; messageType?: string };
  /** How long one may take part, 10…3600. */
  seconds: number;
  /** How many win, 1…1000. */
  winners: number;
  eligibility?: Partial<Draw['eligibility']>;
}
export interface DrawInfo {
  groupID: string;
  draw: Draw;
}
/** What is public of how a live went. */
export interface SessionSummary {
  session: string;
  startedAt: string;
  endedAt: string;
  /** Seconds. */
  duration: number;
  pauses: number;
  viewers: number;
  peak: number;
  members: number;
  /** Seconds that were watched, all viewers together. */
  watchTime: number;
  messages: number;
  likes: number;
  giftValue: number;
  giftCount: number;
  top: Ranked[];
  /** Popularity from beginning to end. */
  curve: number[];
}
export interface SummaryInfo {
  groupID: string;
  summary: SessionSummary;
}
