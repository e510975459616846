// The public types. No imports here: the build joins this file and the declarations of the others to one liveroom.d.ts.

/** What every asynchronous method resolves with. */
export interface Result<T> {
  code: 0;
  data: T;
}

/** What every asynchronous method rejects with. */
export interface ChatErrorShape extends Error {
  /** Tencent's number where it has one. */
  code: number;
  message: string;
  data: ErrorData;
}

export interface ErrorData {
  /** After a failed sendMessage: the message, its status "fail". */
  message?: Message;
  /** Unix seconds: when a mute or ban ends; 4294967295 is forever. */
  until?: number;
  /** Unix milliseconds: when the same may be tried again (slow mode, rates). */
  nextAt?: number;
  /** The server's stable word for the refusal, such as "slow_mode". */
  reason?: string;
  /** The field at fault, if one is. */
  field?: string;
  /** Whether the same may succeed in a moment. */
  temporary?: boolean;
}

export interface ChatEvent<T = unknown> {
  name: string;
  data: T;
}
export type Handler = (event: ChatEvent<any>) => void;

export interface CreateOptions {
  /** The application. The same number gives the same instance, until that is destroyed. */
  SDKAppID: number;
  /**
   * Where the server is: an origin such as "https://live.example.com", also with a path before /chat. Default: where this script
   * came from if the server served it, else the page's own origin. A mini-program must give it.
   */
  host?: string;
  /** Tencent's name for the same; host goes first. */
  proxyServer?: string;
  /** May this instance be in several rooms at once? Default: joining one leaves the other. Up to 8. */
  unlimitedAVChatRoom?: boolean;
  /** Texts that hold one of these words are refused before they are sent (3123). See also setLocalWords. */
  localWords?: readonly string[];
  /** What is under the SDK; a part given replaces the browser's. See docs/sdk.md. */
  environment?: Partial<Environment>;
  /** Tencent's other options are taken and not used. */
  [other: string]: unknown;
}

export type MessagePriority = 'High' | 'Normal' | 'Low' | 'Lowest';

/** A message, with Tencent's fields. */
export interface Message {
  ID: string;
  type: string;
  payload: any;
  conversationID: string;
  conversationType: string;
  to: string;
  from: string;
  flow: 'in' | 'out';
  /** Unix seconds. */
  time: number;
  status: 'unSend' | 'success' | 'fail';
  /** The server's number in its room; 0 if it has none. */
  sequence: number;
  clientSequence: number;
  random: number;
  priority: string;
  nick: string;
  avatar: string;
  nameCard: string;
  isRevoked: boolean;
  isDeleted: boolean;
  isModified: boolean;
  isPeerRead: boolean;
  isRead: boolean;
  isResend: boolean;
  atUserList: string[];
  cloudCustomData: string;
  needReadReceipt: boolean;
  readReceiptInfo: { readCount: number; unreadCount: number; isPeerRead: boolean };
  isBroadcastMessage: boolean;
  isSupportExtension: boolean;
  isPlaceMessage: number;
  clientTime: number;
  revoker: string;
  revokerInfo: UserInfo;
  revokeReason: string;
  hasRiskContent: boolean;
  /** Ours: every element; payload and type are those of the first. */
  elements: { type: string; payload: unknown }[];
  /** Ours: it was said before this instance joined. */
  isHistory: boolean;
  /** Ours: the sender's level and badge when it was said; 0 and '' if there is none. */
  level: number;
  badge: string;
  /** Ours: it was said while the server's store was away: it has no sequence, and only those on the same server have it. */
  isDegraded: boolean;
}

export interface UserInfo {
  userID: string;
  nick: string;
  avatar: string;
}

export interface GroupField {
  key: string;
  value: string;
}

export interface Group {
  groupID: string;
  name: string;
  avatar: string;
  type: string;
  introduction: string;
  notification: string;
  ownerID: string;
  /** Unix seconds. */
  createTime: number;
  infoSequence: number;
  lastInfoTime: number;
  selfInfo: { userID: string; role: string; messageRemindType: string; joinTime: number; nameCard: string; userCustomField: GroupField[] };
  lastMessage: Record<string, unknown>;
  nextMessageSeq: number;
  /** Those who are there: users and anonymous guests. */
  memberCount: number;
  memberNum: number;
  maxMemberCount: number;
  maxMemberNum: number;
  muteAllMembers: boolean;
  joinOption: string;
  inviteOption: string;
  groupCustomField: GroupField[];
  isSupportTopic: boolean;
  /** Ours: seconds a member waits between two messages; 0: none. */
  slowMode: number;
}

/** What joinGroup resolves with; a guest gets no group. */
export interface JoinResult {
  status: string;
  group?: Group;
}

export interface GroupMember {
  userID: string;
  avatar: string;
  nick: string;
  role: string;
  /** Unix seconds. */
  joinTime: number;
  nameCard: string;
  /** Unix seconds; muted if in the future. */
  muteUntil: number;
  memberCustomField: GroupField[];
  /** Ours; 0 and '' if there is none. */
  level: number;
  badge: string;
}

export interface Profile {
  userID: string;
  nick: string;
  avatar: string;
  gender: string;
  birthday: number;
  location: string;
  selfSignature: string;
  allowType: string;
  language: number;
  messageSettings: number;
  adminForbidType: string;
  level: number;
  role: number;
  lastUpdatedTime: number;
  profileCustomField: GroupField[];
}

export interface MessageOptions<P = unknown> {
  to: string;
  conversationType: string;
  payload: P;
  priority?: string;
  cloudCustomData?: string;
  needReadReceipt?: boolean;
  receiverList?: string[];
  isSupportExtension?: boolean;
  /** 0…1, while a file is uploaded. */
  onProgress?: (progress: number) => void;
}

export interface SendOptions {
  onlineUserOnly?: boolean;
  offlinePushInfo?: unknown;
  messageControlInfo?: unknown;
}

/** The live status of a room; see docs/protocol.md. */
export interface LiveStatus {
  room: string;
  epoch: string;
  version: number;
  /** 1 waiting, 2 live, 3 paused, 4 ended, 5 playback. */
  code: number;
  name: string;
  reason: string;
  detail: string;
  session: string;
  since: string;
  streamActive: boolean;
  graceUntil: string | null;
  playbackUrl: string | null;
}

export interface StatusInfo {
  groupID: string;
  status: LiveStatus;
}
export interface GapInfo {
  groupID: string;
  complete: false;
  /** The first and the last sequence that are missing, where that is known. */
  from?: number;
  to?: number;
}
export interface DegradedInfo {
  groupID: string;
  degraded: boolean;
}
export interface LimitsInfo {
  groupID: string;
  /** Seconds between two messages of one member; 0: none. */
  slowMode: number;
  /** Unix milliseconds: when this user may speak next; 0: now. */
  nextAt: number;
}
export interface MutedInfo {
  groupID: string;
  /** May this user not speak now? Owner and administrators are not bound by all. */
  muted: boolean;
  /** Everybody is muted. */
  all: boolean;
  /** Unix seconds: until when this user is muted; 0: not; 4294967295: forever. */
  until: number;
}
export interface NoticeInfo {
  groupID: string;
  notice: string;
}
export interface RoomSettings {
  introduction: string;
  avatar: string;
  muteAll: boolean;
  slowMode: number;
  guestsSpeak: boolean;
  /** Who may send files: "members", "admins" or "none". */
  uploads: string;
}
export interface SettingsInfo {
  groupID: string;
  settings: RoomSettings;
}
export interface CountInfo {
  groupID: string;
  /** Users and anonymous guests in the chat. */
  members: number;
  /** Those who watch the stream. */
  viewers: number;
  /** Both, nobody counted twice. */
  online: number;
}
export interface RoleInfo {
  groupID: string;
  /** "Owner", "Admin", "Member"; empty for an anonymous guest. */
  role: string;
}
export interface MemberInfo extends UserInfo {
  groupID: string;
}
export interface LeftInfo {
  groupID: string;
  /** "kicked", "banned", "joined_elsewhere", "left_elsewhere", "dismissed" or a word of the server. */
  reason: string;
  by: string;
  detail: string;
  /** Unix seconds: when a ban ends; 0 if it is none. */
  until: number;
}
export interface SessionInfo {
  session: string;
}

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
  /** RFC 3339. */
  endsAt: string;
  /** How many win. */
  places: number;
  eligibility: { minLevel: number; follower: boolean; giftValue: number; notWonBefore: boolean };
  state: 'open' | 'ended' | 'cancelled';
  /** The hash of the seed, told before anybody entered. */
  commitment: string;
  /** Told at the end: the seed, the hash of the entries, how many there were, and who won. */
  seed: string;
  entriesHash: string;
  entries: number;
  /** How many won; a message of very many names only the first of them. */
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

/** A socket as the browser's WebSocket is one; only these members are used. */
export interface SocketLike {
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: unknown) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** Something to upload. A File of the browser fits. */
export interface FileLike {
  name?: string;
  size: number;
  type?: string;
}

export interface UploadRequest {
  url: string;
  headers: Record<string, string>;
  file: FileLike;
  /** 0…1 */
  onProgress(progress: number): void;
}

/** All that the SDK uses of its surroundings. Browsers have it all; elsewhere give what is missing. */
export interface Environment {
  /** What the server is told: "Web", "MiniProgram", "Android", "iOS", "Windows", "Mac" or "iPad". */
  platform: string;
  /** Where the server is if create does not say: an origin. Empty: not known. */
  defaultHost: string;
  /** Opens a WebSocket. */
  socket: (url: string) => SocketLike;
  /** Opens the other way in, server-sent events and POST, used where WebSockets do not get through. null: there is none. */
  fallback: ((url: string) => SocketLike) | null;
  /** Sends a file's bytes with PUT. null: files cannot be sent here. */
  upload: ((request: UploadRequest) => Promise<void>) | null;
  /** Width and height of a picture; absent where they cannot be known. */
  measure: ((file: FileLike) => Promise<{ width: number; height: number }>) | null;
  /** Turns what a page gives as file (a File, an input element, a mini-program's choice) into something to upload; null: it is none. */
  file: (given: unknown) => FileLike | null;
  /** false: surely without network. */
  online: () => boolean;
  /** Tells when the page is seen again or the network comes or goes; returns how to stop. */
  watch: (listener: (what: 'visible' | 'online' | 'offline') => void) => () => void;
  now: () => number;
  /** 0 ≤ random() < 1 */
  random: () => number;
  setTimeout: (task: () => void, ms: number) => unknown;
  clearTimeout: (timer: unknown) => void;
  /** Writes one line of log; level as for setLogLevel. */
  log: (level: number, text: string, detail?: unknown) => void;
}
