import { Around } from './around.ts';
import { EVENT, TYPES } from './constants.ts';
import { Core } from './core.ts';
import { Emitter } from './emitter.ts';
import { Gifts } from './gifts.ts';
import { Groups } from './groups.ts';
import { Likes } from './likes.ts';
import { Members } from './members.ts';
import { Messages } from './messages.ts';
import { Rates } from './rates.ts';
import type { Room } from './room.ts';
import { Session } from './session.ts';
import type {
  Combo, ComboOptions, CountInfo, CreateOptions, Draw, DrawOptions, Environment, Followed, FollowResult, FollowState, Gift, GiftOptions, GiftOrderInfo, GiftRanking, Group, GroupMember, Handler, JoinResult,
  Level, LimitsInfo, LiveStatus, Message, MessageOptions, MutedInfo, Profile, Result, RoomSettings, SendOptions, SessionSummary, TotalsInfo, UserInfo,
} from './types.ts';
import { addUnsupported, type Unsupported } from './unsupported.ts';
import { Values } from './values.ts';
import type { Json } from './wire.ts';
import { LocalWords } from './words.ts';

export interface Chat extends Unsupported {}

/** One instance of the SDK: a user (or a guest) with a connection that comes back by itself. Made by create. */
export class Chat {
  readonly #core: Core;
  readonly #session: Session;
  readonly #emitter: Emitter;
  readonly #groups: Groups;
  readonly #messages: Messages;
  readonly #members: Members;
  readonly #values: Values;
  readonly #gifts: Gifts;
  readonly #likes: Likes;
  readonly #around: Around;
  readonly #destroyed: () => void;
  #logLevel = 2;

  /** Use create instead: it keeps one instance for each SDKAppID. */
  constructor(options: CreateOptions, url: string, env: Environment, destroyed: () => void) {
    this.#destroyed = destroyed;
    const log = env.log;
    env = { ...env, log: (level, line, detail) => level >= this.#logLevel && log(level, line, detail) };
    this.#emitter = new Emitter((name, err) => env.log(3, `a handler of ${name} failed`, err));
    this.#core = new Core(env, this.#emitter, new Rates(env.now), options.unlimitedAVChatRoom !== true);
    this.#messages = new Messages(this.#core);
    this.#members = new Members(this.#core);
    this.#values = new Values(this.#core);
    this.#gifts = new Gifts(this.#core);
    this.#session = new Session(this.#core, url, this.#messages, this.#gifts);
    this.#groups = new Groups(this.#core, () => this.#session.connected(), () => this.#session.idle());
    this.#likes = new Likes(this.#core);
    this.#around = new Around(this.#core);
    if (options.localWords) this.setLocalWords(options.localWords);
    // Bound, so that a framework may wrap the instance in a proxy and a page may take methods off it.
    for (const name of Object.getOwnPropertyNames(Chat.prototype)) {
      const method = (this as unknown as Record<string, unknown>)[name];
      if (name !== 'constructor' && typeof method === 'function') Object.defineProperty(this, name, { value: method.bind(this), configurable: true, writable: true });
    }
  }

  // -- life

  on(name: string, handler: Handler, context?: unknown): void {
    this.#emitter.on(name, handler, context);
  }

  off(name: string, handler?: Handler, context?: unknown): void {
    this.#emitter.off(name, handler, context);
  }

  /** 0 all, 1 release, 2 warnings (the default), 3 errors, 4 nothing. */
  setLogLevel(level: number): void {
    this.#logLevel = Number(level) || 0;
  }

  /** Plugins are taken and not used: uploading is built in. */
  registerPlugin(_plugins: Record<string, unknown>): void {}

  isReady(): boolean {
    return this.#core.ready;
  }

  getLoginUser(): string {
    return this.#core.ready ? this.#core.me.userID : '';
  }

  /** Unix seconds, by the server's clock once there was a connection. */
  getServerTime(): number {
    return Math.floor(this.#core.serverNow() / 1000);
  }

  login(options: { userID: string; userSig: string }): Promise<Result<Record<string, unknown>>> {
    return this.#session.login(options);
  }
  logout(): Promise<Result<Record<string, unknown>>> {
    return this.#session.logout();
  }
  /** Logs out and frees the instance; create makes a new one after it. */
  async destroy(): Promise<void> {
    await this.logout();
    this.#destroyed();
    this.#core.emit(EVENT.SDK_DESTROY);
    this.#emitter.clear();
  }

  // -- groups

  joinGroup(options: { groupID: string; applyMessage?: string; type?: string }): Promise<Result<JoinResult>> {
    return this.#groups.join(options);
  }
  quitGroup(groupID: string): Promise<Result<{ groupID: string }>> {
    return this.#groups.quit(groupID);
  }
  createGroup(options: Record<string, unknown>): Promise<Result<{ group: Group }>> {
    return this.#groups.create(options);
  }
  dismissGroup(groupID: string): Promise<Result<{ groupID: string }>> {
    return this.#groups.dismiss(groupID);
  }
  getGroupProfile(options: { groupID: string; groupCustomFieldFilter?: string[] }): Promise<Result<{ group: Group }>> {
    return this.#groups.profile(options?.groupID);
  }
  searchGroupByID(groupID: string): Promise<Result<{ group: Group }>> {
    return this.#groups.profile(groupID);
  }
  updateGroupProfile(options: Record<string, unknown> & { groupID: string }): Promise<Result<{ group: Group }>> {
    return this.#groups.update(options);
  }
  getGroupList(_options?: unknown): Promise<Result<{ groupList: Group[]; isCompleted: boolean }>> {
    return this.#groups.list();
  }
  getGroupOnlineMemberCount(groupID: string): Promise<Result<{ memberCount: number }>> {
    return this.#groups.onlineCount(groupID);
  }

  // -- attributes and counters

  initGroupAttributes(options: { groupID: string; groupAttributes: Record<string, string> }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    return this.#values.initAttributes(options);
  }
  setGroupAttributes(options: { groupID: string; groupAttributes: Record<string, string> }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    return this.#values.setAttributes(options);
  }
  deleteGroupAttributes(options: { groupID: string; keyList?: string[] }): Promise<Result<{ keyList: string[] }>> {
    return this.#values.deleteAttributes(options);
  }
  getGroupAttributes(options: { groupID: string; keyList?: string[] }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    return this.#values.getAttributes(options);
  }
  setGroupCounters(options: { groupID: string; counters: Record<string, number> }): Promise<Result<{ counters: Record<string, number> }>> {
    return this.#values.setCounters(options);
  }
  increaseGroupCounter(options: { groupID: string; key: string; value: number }): Promise<Result<{ groupID: string; key: string; value: number }>> {
    return this.#values.addCounter(options, 1);
  }
  decreaseGroupCounter(options: { groupID: string; key: string; value: number }): Promise<Result<{ groupID: string; key: string; value: number }>> {
    return this.#values.addCounter(options, -1);
  }
  getGroupCounters(options: { groupID: string; keyList?: string[] }): Promise<Result<{ counters: Record<string, number> }>> {
    return this.#values.getCounters(options);
  }

  // -- members

  getGroupMemberList(options: { groupID: string; count?: number; offset?: number; role?: string }): Promise<Result<{ memberList: GroupMember[]; offset: number }>> {
    return this.#members.list(options);
  }
  getGroupMemberProfile(options: { groupID: string; userIDList: string[] }): Promise<Result<{ memberList: GroupMember[] }>> {
    return this.#members.profiles(options);
  }
  setGroupMemberMuteTime(options: { groupID: string; userID: string; muteTime: number }): Promise<Result<{ group: Group; member: GroupMember }>> {
    return this.#members.mute(options);
  }
  deleteGroupMember(options: { groupID: string; userIDList: string[]; reason?: string; duration?: number }): Promise<Result<{ group: Group; userIDList: string[] }>> {
    return this.#members.ban(options);
  }
  setGroupMemberRole(options: { groupID: string; userID: string; role: string }): Promise<Result<{ group: Group; member: GroupMember }>> {
    return this.#members.setRole(options);
  }

  // -- messages

  createTextMessage(options: MessageOptions<{ text: string }>): Message {
    return this.#messages.create(TYPES.MSG_TEXT, options);
  }
  createTextAtMessage(options: MessageOptions<{ text: string; atUserList: string[] }>): Message {
    return this.#messages.create(TYPES.MSG_TEXT, options);
  }
  createCustomMessage(options: MessageOptions<{ data?: string; description?: string; extension?: string }>): Message {
    return this.#messages.create(TYPES.MSG_CUSTOM, options);
  }
  createFaceMessage(options: MessageOptions<{ index: number; data: string }>): Message {
    return this.#messages.create(TYPES.MSG_FACE, options);
  }
  createLocationMessage(options: MessageOptions<{ description: string; latitude: number; longitude: number }>): Message {
    return this.#messages.create(TYPES.MSG_LOCATION, options);
  }
  createImageMessage(options: MessageOptions<{ file: unknown }>): Message {
    return this.#messages.create(TYPES.MSG_IMAGE, options);
  }
  createAudioMessage(options: MessageOptions<{ file: unknown; second?: number }>): Message {
    return this.#messages.create(TYPES.MSG_SOUND, options);
  }
  createVideoMessage(options: MessageOptions<{ file: unknown; videoSecond?: number }>): Message {
    return this.#messages.create(TYPES.MSG_VIDEO, options);
  }
  createFileMessage(options: MessageOptions<{ file: unknown }>): Message {
    return this.#messages.create(TYPES.MSG_FILE, options);
  }
  /** Can be made and shown; sending it is refused (2100), as the server knows no such element. */
  createMergerMessage(options: MessageOptions<Record<string, unknown>>): Message {
    return this.#messages.create(TYPES.MSG_MERGER, options);
  }
  createForwardMessage(options: MessageOptions<Message>): Message {
    const { type, payload } = options.payload;
    const message = this.#messages.create(type, { ...options, payload: {} });
    message.payload = JSON.parse(JSON.stringify(payload));
    message.elements = [{ type, payload: message.payload }];
    return message;
  }
  sendMessage(message: Message, options?: SendOptions): Promise<Result<{ message: Message }>> {
    return this.#messages.send(message, options);
  }
  resendMessage(message: Message): Promise<Result<{ message: Message }>> {
    return this.#messages.resend(message);
  }
  /** One's own for two minutes; owner and administrators of a room any of its messages. */
  revokeMessage(message: Message): Promise<Result<{ message: Message }>> {
    return this.#messages.revoke(message);
  }

  // -- profiles

  getMyProfile(): Promise<Result<Profile>> {
    return this.#members.myProfile();
  }
  getUserProfile(options: { userIDList: string[] }): Promise<Result<Profile[]>> {
    return this.#members.userProfiles(options);
  }
  updateMyProfile(options: Partial<Profile>): Promise<Result<Profile>> {
    return this.#members.updateMyProfile(options as Json);
  }

  /** Follows up to 20 users; whom one follows already counts as done. */
  followUser(userIDList: string[]): Promise<Result<FollowResult[]>> {
    return this.#around.setFollows('follow', userIDList);
  }
  unfollowUser(userIDList: string[]): Promise<Result<FollowResult[]>> {
    return this.#around.setFollows('unfollow', userIDList);
  }
  /** Who follows this user, the newest first. */
  getMyFollowersList(nextCursor?: string): Promise<Result<{ resultList: Followed[]; nextCursor: string }>> {
    return this.#around.followPage('followers', nextCursor);
  }
  getMyFollowingList(nextCursor?: string): Promise<Result<{ resultList: Followed[]; nextCursor: string }>> {
    return this.#around.followPage('following', nextCursor);
  }

  // -- ours

  /** This user, with nick and avatar as the server last told them; all empty for a guest. */
  getSelf(): UserInfo {
    return { ...this.#core.me };
  }
  /** The chat session, to be sent as vid= with play addresses so that who chats and watches counts once; '' before the first connection. */
  getSession(): string {
    return this.#session.id;
  }
  /** The newest live status this instance saw of a room it is in. */
  getLiveStatus(groupID: string): LiveStatus | null {
    return this.#room(groupID)?.state.status ?? null;
  }
  /** Whether this user may speak in a room; null outside. */
  getMuted(groupID: string): MutedInfo | null {
    return this.#room(groupID)?.state.muted() ?? null;
  }
  getLimits(groupID: string): LimitsInfo | null {
    return this.#room(groupID)?.state.limits() ?? null;
  }
  getSettings(groupID: string): RoomSettings | null {
    return this.#room(groupID)?.state.settings ?? null;
  }
  getCount(groupID: string): CountInfo | null {
    const room = this.#room(groupID);
    return room && { groupID, ...room.state.count };
  }
  /** "connected", "connecting" or "disconnected"; '' without a connection. */
  getNetState(): string {
    return this.#core.link?.state ?? '';
  }
  /** Texts with one of these words are refused before they are sent (3123). */
  setLocalWords(words: readonly string[]): void {
    this.#messages.words = new LocalWords(words);
  }
  /** Sends members away; they may come back. */
  kickGroupMember(options: { groupID: string; userIDList: string[]; reason?: string }): Promise<Result<{ userIDList: string[] }>> {
    return this.#members.act('kick', options);
  }
  /** Lets banned users in again. */
  unbanGroupMember(options: { groupID: string; userIDList: string[] }): Promise<Result<{ userIDList: string[] }>> {
    return this.#members.act('unban', options);
  }
  getGroupMuteList(groupID: string): Promise<Result<{ memberList: { userID: string; muteUntil: number; by: string; reason: string }[] }>> {
    return this.#members.mutes(groupID);
  }
  getGroupBanList(options: { groupID: string; next?: string }): Promise<Result<{ memberList: { userID: string; bannedUntil: number; by: string; reason: string }[]; next: string }>> {
    return this.#members.bans(options);
  }

  /** Likes a room, as often as one taps: one message a second leaves, the total is ahead of it. Resolves when the server counted them. */
  like(groupID: string, count = 1): Promise<Result<{ groupID: string; accepted: number; likes: number }>> {
    return this.#likes.like(groupID, count);
  }
  /** Likes, gifts and popularity of a room one is in. */
  getTotals(groupID: string): TotalsInfo | null {
    return this.#room(groupID)?.state.totals() ?? null;
  }
  /** The catalogue. */
  getGiftList(): Promise<Result<{ giftList: Gift[]; version: number }>> {
    return this.#gifts.catalogue();
  }
  /**
   * Gives something. Resolves once the server has the order ("accepted", or "pending" while the backend decides: LIVEROOM_GIFT_ORDER tells how
   * it ends) and rejects when it is refused. While the line is away it waits, and asks again by the same order: nothing is charged twice.
   */
  sendGift(options: GiftOptions): Promise<Result<GiftOrderInfo>> {
    return this.#gifts.send(options);
  }
  /**
   * How it stands with an order of this user that was sent before, such as by a page that was loaded again since. Resolves as sendGift does; an order
   * that is pending is followed to its end, which LIVEROOM_GIFT_ORDER tells. Rejects when it was refused or the server has no such order.
   */
  getGiftOrder(options: { groupID: string; order: string }): Promise<Result<GiftOrderInfo>> {
    return this.#gifts.look(options);
  }
  /** Clicks in a row on one gift. */
  combo(options: ComboOptions): Combo {
    return this.#gifts.combo(options);
  }
  /** Who gave most, in this live ("session") or ever ("all"). */
  getGiftRanking(options: { groupID: string; scope?: 'session' | 'all'; limit?: number }): Promise<Result<GiftRanking>> {
    return this.#gifts.ranking(options);
  }
  /** Follows somebody; with a group, its members are told. */
  follow(userID: string, groupID?: string): Promise<Result<FollowState>> {
    return this.#around.setFollow('follow', userID, groupID);
  }
  unfollow(userID: string): Promise<Result<FollowState>> {
    return this.#around.setFollow('unfollow', userID);
  }
  /** Whether this user follows somebody, and how many do. */
  getFollow(userID: string): Promise<Result<FollowState>> {
    return this.#around.getFollow(userID);
  }
  /** Whom this user follows. Only an application administrator may name somebody else. */
  getFollowing(options: { userID?: string; limit?: number; next?: string } = {}): Promise<Result<{ userList: UserInfo[]; next: string }>> {
    return this.#around.followList('following', options);
  }
  getFollowers(options: { userID?: string; limit?: number; next?: string } = {}): Promise<Result<{ userList: UserInfo[]; next: string }>> {
    return this.#around.followList('followers', options);
  }
  getLevel(userID?: string): Promise<Result<Level>> {
    return this.#around.level(userID);
  }
  /** The draw that runs, or the last one. */
  getDraw(groupID: string): Promise<Result<{ draw: Draw | null }>> {
    return this.#around.draw(groupID);
  }
  /** For a room's anchor: starts a draw. */
  startDraw(options: DrawOptions): Promise<Result<{ draw: Draw | null }>> {
    return this.#around.startDraw(options);
  }
  /** For a room's anchor: draws the winners now. */
  endDraw(options: { groupID: string; drawID: string }): Promise<Result<{ draw: Draw | null }>> {
    return this.#around.stopDraw('endDraw', options);
  }
  /** For a room's anchor: nobody wins. */
  cancelDraw(options: { groupID: string; drawID: string; reason?: string }): Promise<Result<{ draw: Draw | null }>> {
    return this.#around.stopDraw('cancelDraw', options);
  }
  /** How the last live of a room went. */
  getSummary(groupID: string): Promise<Result<{ summary: SessionSummary | null }>> {
    return this.#around.summary(groupID);
  }

  #room(groupID: string): Room | null {
    const room = this.#core.rooms.get(groupID);
    return room?.isIn ? room : null;
  }

  static {
    addUnsupported(Chat.prototype, (self) => (self as Chat).#core.mustBeReady());
  }
}
