import { mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import { drawOf, summaryOf, userOf } from './told.ts';
import type { Draw, DrawOptions, Followed, FollowResult, FollowState, Level, Result, SessionSummary, UserInfo } from './types.ts';
import { isObject, number, objects, seconds, text, texts, type Json, type Reply } from './wire.ts';

const MOST_AT_ONCE = 20; // as many Tencent's takes
const MOST_OF_A_PAGE = 100;

/** Whom one follows, how far one got, what goes on in a room beside talking. */
export class Around {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  async setFollow(op: 'follow' | 'unfollow', userID: string, groupID?: string): Promise<Result<FollowState>> {
    this.#core.mustBeReady();
    const answer = await this.#core.request(op, { user: mustBeUserID(userID), ...(groupID ? { group: mustBeGroupID(groupID) } : {}) });
    return answer.followers === undefined ? this.getFollow(userID) : followState(answer); // its store may be slow to say how many
  }

  async getFollow(userID: string): Promise<Result<FollowState>> {
    return followState(await this.#core.request('getFollow', { user: mustBeUserID(userID) }));
  }

  async followList(op: 'following' | 'followers', o: { userID?: string; limit?: number; next?: string }): Promise<Result<{ userList: UserInfo[]; next: string }>> {
    this.#core.mustBeReady();
    const answer = await this.#core.request(op, { user: o?.userID || this.#core.me.userID, ...(o?.limit ? { limit: o.limit } : {}), ...(o?.next ? { next: o.next } : {}) });
    return ok({ userList: objects(answer.users).map(userOf), next: text(answer.next) });
  }

  /** Tencent's way: several at once, each with a code of its own. Rejects where none succeeded. */
  async setFollows(op: 'follow' | 'unfollow', userIDList: string[]): Promise<Result<FollowResult[]>> {
    this.#core.mustBeReady();
    const users = [...new Set(texts(userIDList))];
    if (users.length === 0 || users.length > MOST_AT_ONCE) throw new ChatError(CODE.INVALID, `userIDList must be 1 to ${MOST_AT_ONCE} ids of users`);
    const ends = await Promise.allSettled(users.map((user) => this.#core.request(op, { user })));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed && ends.every((end) => end.status === 'rejected')) throw failed.reason;
    return ok(ends.map((end, i) => {
      const userID = users[i] as string;
      if (end.status === 'fulfilled') return { userID, code: 0, info: '' };
      return { userID, code: end.reason instanceof ChatError ? end.reason.code : CODE.NETWORK, info: String(end.reason?.message ?? '') };
    }));
  }

  /** Tencent's way: page by page, with when it began. */
  async followPage(op: 'following' | 'followers', nextCursor?: string): Promise<Result<{ resultList: Followed[]; nextCursor: string }>> {
    this.#core.mustBeReady();
    const answer = await this.#core.request(op, { limit: MOST_OF_A_PAGE, ...(nextCursor ? { next: nextCursor } : {}) });
    return ok({ resultList: objects(answer.users).map((user) => ({ ...userOf(user), followTime: seconds(user.since) })), nextCursor: text(answer.next) });
  }

  async level(userID?: string): Promise<Result<Level>> {
    if (!userID) this.#core.mustBeReady();
    const answer = await this.#core.request('getLevel', userID ? { user: userID } : {});
    return ok({
      userID: text(answer.user) || userID || this.#core.me.userID, level: number(answer.level), score: number(answer.score), next: number(answer.next),
      badge: text(answer.badge), membership: text(answer.membership),
    });
  }

  async draw(groupID: string): Promise<Result<{ draw: Draw | null }>> {
    const answer = await this.#core.request('draw', { group: mustBeGroupID(groupID) });
    const draw = answered(answer);
    if (draw) this.#core.rooms.get(groupID)?.sawDraw(draw);
    return ok({ draw });
  }

  async startDraw(o: DrawOptions): Promise<Result<{ draw: Draw | null }>> {
    this.#core.mustBeReady();
    const { groupID, drawID, title, prize, trigger, seconds, winners, eligibility } = o;
    const fields = { group: mustBeGroupID(groupID), draw: drawID, title, prize, trigger, seconds, winners, eligibility };
    return ok({ draw: answered(await this.#core.request('startDraw', fields)) });
  }

  async stopDraw(op: 'endDraw' | 'cancelDraw', o: { groupID: string; drawID: string; reason?: string }): Promise<Result<{ draw: Draw | null }>> {
    this.#core.mustBeReady();
    return ok({ draw: answered(await this.#core.request(op, { group: mustBeGroupID(o?.groupID), draw: o.drawID, ...(o.reason ? { reason: o.reason } : {}) })) });
  }

  async summary(groupID: string): Promise<Result<{ summary: SessionSummary | null }>> {
    const answer = await this.#core.request('summary', { group: mustBeGroupID(groupID) });
    const given: Json = isObject(answer.summary) ? answer.summary : answer;
    return ok({ summary: text(given.session) ? summaryOf(given) : null });
  }
}

function answered({ draw }: Reply): Draw | null {
  return isObject(draw) ? drawOf(draw, draw.state === 'ended' || draw.state === 'cancelled' ? draw.state : 'open') : null;
}

const followState = (answer: Reply): Result<FollowState> => ok({ following: answer.following === true, followers: number(answer.followers) });

function mustBeUserID(userID: unknown): string {
  if (typeof userID !== 'string' || userID === '') throw new ChatError(CODE.NO_USER_ID, 'userID is missing');
  return userID;
}
