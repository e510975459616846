// The public types: the build joins this file, interaction.ts and the declarations of the others to one liveroom.d.ts.
export type * from './interaction.ts';

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
  /** Seconds by which viewers see it later; 0: at once. */
  delay: number;
}

/** A message of a recording's chat; see docs/recording.md. Its `time` is not known. */
export interface RecordedMessage {
  /** ms of the time that playing the recording takes. */
  at: number;
  message: Message;
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
