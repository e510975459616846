import { computed, effect, signal } from '@preact/signals';
import {
  ChatError, EVENT, type Chat, type Combo, type Draw, type DrawInfo, type FollowState, type Gift, type GiftOrder, type GiftOrderInfo, type GiftRanking, type GiftResult,
  type GroupMember, type Level, type LikesInfo, type SessionSummary, type SummaryInfo, type TotalsInfo, type UserInfo,
} from 'liveroom-sdk';
import { errorKey, giftWhy } from '../chat/errors.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { amount, plural, t, type Key } from '../i18n/index.ts';
import { GiftLane } from './lane.ts';
import { PendingGifts } from './pending.ts';

export type Totals = Omit<TotalsInfo, 'groupID'>;

/** What moves over the picture, for whoever draws it. */
export interface Show {
  hearts(n: number): void;
  icons(icon: string, n: number): void;
  confetti(): void;
}

/** How the gift this person gave last stands. */
export interface Given {
  order: GiftOrder;
  /** When refused: the server's words, or ours. */
  why: string;
}

export interface InteractionOptions {
  sdk: Chat;
  group: string;
  /** The account of the room's anchor; '' if there is none. */
  anchor: string;
  chat: RoomChat;
  /** Where gifts whose end is not known are remembered; absent: the tab. */
  pending?: PendingGifts;
}

const SAY_EVERY_MS = 5000;
const BANNER_MS = 5000;
const BANNERS = 5; // that wait
const RANKING_MS = 5000;
const GIVEN_MS = 10_000; // how long it is told that a gift was given
const REST_MS = 3000; // after it the next click begins another run
const MEMBERS = 100;
const MEMBERS_MS = 3000; // the SDK refuses to ask more often
const GIFTS_MS = 10_000;
const LATE_MS = 8000; // a draw's end that nobody told by then is asked for
const TOLD_MS = 20_000; // how a live went is told by then
const SPREAD_MS = 10_000; // over which the viewers of a full room ask what all of them ask

const none: Totals = { likes: 0, giftValue: 0, giftCount: 0, popularity: 0 };

/** What people do in a room beside talking, as a page shows it: likes, gifts, draws, following. */
export class Interaction {
  readonly totals = signal<Totals>(none);
  /** The catalogue; null until it is known. A server that offers no gifts has an empty one. */
  readonly gifts = signal<readonly Gift[] | null>(null);
  /** Until it was told for a while; a refusal until note was taken of it. */
  readonly given = signal<Given | null>(null);
  readonly balance = signal<number | null>(null);
  readonly lane = new GiftLane();
  readonly banner = signal<GiftResult | null>(null);
  readonly draw = signal<Draw | null>(null);
  readonly follow = signal<FollowState | null>(null);
  /** null until it is known; or why it can't be. */
  readonly ranking = signal<GiftRanking | Key | null>(null);
  /** How a live went: the last of which that was told. */
  readonly summary = signal<SessionSummary | null>(null);
  /** What is read out to who does not see it. */
  readonly said = signal('');

  readonly anchor: string;
  readonly chat: RoomChat;
  readonly restMs = REST_MS;
  readonly #pending: PendingGifts;
  readonly #sdk: Chat;
  readonly #group: string;
  readonly #shows = new Set<Show>();
  readonly #effects: (() => void)[] = [];
  readonly #later = new Set<() => void>(); // how to end the waits for what will be asked
  #user = ''; // whose gifts and balance are known
  #followsAs: string | null = null; // whose following is known
  #banners: GiftResult[] = [];
  #bannerTimer: ReturnType<typeof setTimeout> | null = null;
  #unsaid: { last: GiftResult; more: number } | null = null;
  #sayTimer: ReturnType<typeof setTimeout> | null = null;
  #rankingTimer: ReturnType<typeof setTimeout> | null = null;
  #giftTimer: ReturnType<typeof setTimeout> | null = null;
  #givenTimer: ReturnType<typeof setTimeout> | null = null;
  #members: { at: number; list: readonly GroupMember[] } | null = null;

  constructor({ sdk, group, anchor, chat, pending = new PendingGifts() }: InteractionOptions) {
    this.#sdk = sdk;
    this.#group = group;
    this.anchor = anchor;
    this.chat = chat;
    this.#pending = pending;
    this.#listen();
    // What is not told by itself is asked for whenever one is in, as this person or another.
    const present = computed(() => (chat.presence.value.state === 'online' ? chat.me.value.user : null));
    this.#effects.push(effect(() => {
      const user = present.value;
      return user === null ? undefined : this.#inTurn(() => this.#ask(user));
    }));
  }

  stop(): void {
    for (const stop of this.#effects) stop();
    for (const stop of [...this.#later]) stop();
    for (const timer of [this.#bannerTimer, this.#sayTimer, this.#rankingTimer, this.#giftTimer, this.#givenTimer]) if (timer !== null) clearTimeout(timer);
    this.lane.clear();
  }

  /** Hears what moves from now on; returns how to stop. */
  onShow(show: Show): () => void {
    this.#shows.add(show);
    return () => this.#shows.delete(show);
  }

  // -- what a person does

  like(): void {
    this.#each((show) => show.hearts(1));
    this.#sdk.like(this.#group).catch((err) => this.#remark(err));
  }

  async give(gift: Gift, count: number): Promise<void> {
    const before = this.given.peek();
    try {
      await this.#sdk.sendGift({ groupID: this.#group, gift: gift.id, price: gift.price, count });
    } catch (err) {
      // Of an order that was made LIVEROOM_GIFT_ORDER tells the end; one whose giver signed out may still be accepted.
      if (this.given.peek() === before) this.#notGiven(gift, count, err);
    }
  }

  combo(gift: Gift): Combo {
    return this.#sdk.combo({ groupID: this.#group, gift: gift.id, price: gift.price, restMs: REST_MS });
  }

  /** Note was taken of how the last gift ended. */
  forgetGiven(): void {
    if (this.given.peek()?.order.state !== 'pending') this.given.value = null;
  }

  /** Follows somebody, or no longer: how it stands then, or why it could not be done. */
  async setFollow(on: boolean, user: string): Promise<FollowState | Key> {
    try {
      const { data } = await (on ? this.#sdk.follow(user, this.#group) : this.#sdk.unfollow(user));
      if (user === this.anchor) this.follow.value = data;
      return data;
    } catch (err) {
      return errorKey(err);
    }
  }

  /** The same of the anchor; a refusal is told beside the chat. */
  async followAnchor(on: boolean): Promise<void> {
    const done = await this.setFollow(on, this.anchor);
    if (typeof done === 'string') this.chat.remark.value = done;
  }

  followOf(user: string): Promise<FollowState | null> {
    return this.#sdk.getFollow(user).then(({ data }) => data, () => null);
  }

  levelOf(user: string): Promise<Level | null> {
    return this.#sdk.getLevel(user).then(({ data }) => data, () => null);
  }

  /** Who is here; asked twice within a few seconds, the same. */
  async members(): Promise<readonly GroupMember[] | Key> {
    const now = Date.now();
    if (this.#members && now - this.#members.at < MEMBERS_MS) return this.#members.list;
    try {
      const { memberList: list } = (await this.#sdk.getGroupMemberList({ groupID: this.#group, count: MEMBERS })).data;
      this.#members = { at: now, list };
      return list;
    } catch (err) {
      return errorKey(err);
    }
  }

  /** Reads the catalogue. A server that does not answer now is asked again; one that offers none is not. */
  readGifts(): void {
    if (this.#giftTimer !== null) clearTimeout(this.#giftTimer);
    this.#giftTimer = null;
    this.#sdk.getGiftList().then(
      ({ data }) => {
        this.gifts.value = data.giftList;
        this.#tellPrice();
      },
      (err) => {
        if (err instanceof ChatError && err.data.temporary) this.#giftTimer = setTimeout(() => this.readGifts(), GIFTS_MS * (1 + Math.random()) / 2);
        else this.gifts.value ??= [];
      },
    );
  }

  /** Reads the ranking now and every few seconds until stopped. */
  followRanking(scope: 'session' | 'all'): () => void {
    let running = true;
    const read = async () => {
      const found = await this.#sdk.getGiftRanking({ groupID: this.#group, scope, limit: 50 }).then(({ data }) => data, errorKey);
      if (!running) return;
      if (typeof found !== 'string' || this.ranking.peek() === null) this.ranking.value = found; // what was known stays
      this.#rankingTimer = setTimeout(() => void read(), RANKING_MS);
    };
    this.ranking.value = null;
    void read();
    return () => {
      running = false;
      if (this.#rankingTimer !== null) clearTimeout(this.#rankingTimer);
    };
  }

  /** The user, if he is among the winners that are named. */
  won(draw: Draw): UserInfo | undefined {
    const me = this.chat.me.value.user;
    return draw.winners.find((winner) => winner.userID === me && me !== '');
  }

  dismissDraw(): void {
    this.draw.value = null;
  }

  /** Asks how a draw ended whose time is over, until that is known: its message may have been missed. Returns how to stop. */
  awaitEnd(): () => void {
    let stop: () => void;
    let tries = 0;
    const wait = () => {
      stop = this.#inTurn(async () => {
        let stopped = false;
        stop = () => (stopped = true);
        await this.#lookAtDraw();
        if (!stopped && this.draw.peek()?.state === 'open') wait();
      }, LATE_MS * 2 ** Math.min(tries++, 5));
    };
    wait();
    return () => stop();
  }

  /** Sees to it that how a live went is known, of which who was there is told by a message. Returns how to stop. */
  lookBack(session: string, wasThere: boolean): () => void {
    return this.#inTurn(() => void this.#askSummary(session), wasThere ? TOLD_MS : 0);
  }

  /** How a live went, if that is known. */
  summaryOf(session: string): SessionSummary | null {
    const summary = this.summary.value;
    return session === '' || summary?.session === session ? summary : null;
  }

  async #lookAtDraw(): Promise<void> {
    const answer = await this.#sdk.getDraw(this.#group).catch(() => null);
    if (answer?.data.draw) this.#drawIs(answer.data.draw);
  }

  async #askSummary(session: string): Promise<void> {
    if (this.summaryOf(session)) return;
    const answer = await this.#sdk.getSummary(this.#group).catch(() => null);
    // Until the newest is closed, the server has the one before.
    if (answer?.data.summary && (session === '' || answer.data.summary.session === session)) this.summary.value = answer.data.summary;
  }

  #notGiven({ id, name, price }: Gift, count: number, err: unknown): void {
    this.#stands({ id: '', groupID: this.#group, gift: id, name, price, count, value: price * count, combo: '', state: 'refused', reason: '' }, t(errorKey(err)));
  }

  /** How it stands with the gift that was given last. */
  #stands(order: GiftOrder, why = ''): void {
    if (this.#givenTimer !== null) clearTimeout(this.#givenTimer);
    this.#givenTimer = order.state === 'accepted' ? setTimeout(() => this.forgetGiven(), GIVEN_MS) : null;
    this.given.value = { order, why };
  }

  /** What the gift costs that was refused because its price had changed, now that it is known. */
  #tellPrice(): void {
    const given = this.given.peek();
    if (given?.order.reason !== 'price_changed') return;
    const now = this.gifts.peek()?.find(({ id }) => id === given.order.gift);
    if (now && now.price !== given.order.price) {
      this.given.value = { ...given, why: t('err_price_now', { gift: now.name, price: now.price > 0 ? amount(now.price) : t('gift_free') }) };
    }
  }

  #remark(err: unknown): void {
    this.chat.remark.value = errorKey(err);
  }

  // -- what is asked for

  /** Does something after a while, and in a full room up to some seconds later: all viewers are told the same in the same moment. */
  #inTurn(act: () => void, ms = 0): () => void {
    let timer = setTimeout(() => {
      // How many are there is known from now on.
      timer = setTimeout(() => {
        this.#later.delete(stop);
        act();
      }, ms + Math.random() * Math.min(this.chat.online.peek() ?? 0, SPREAD_MS));
    }, 0);
    const stop = () => {
      clearTimeout(timer);
      this.#later.delete(stop);
    };
    this.#later.add(stop);
    return stop;
  }

  #ask(user: string): void {
    if (this.gifts.value === null) this.readGifts();
    void this.#lookAtDraw();
    if (user !== this.#user) {
      this.#user = user;
      this.given.value = this.balance.value = null; // those of somebody else
    }
    for (const order of this.#pending.of(user, this.#group)) this.#sdk.getGiftOrder({ groupID: this.#group, order }).catch(() => {}); // LIVEROOM_GIFT_ORDER tells
    if (this.anchor === '' || this.anchor === user) {
      this.follow.value = null;
      return;
    }
    if (user === this.#followsAs && this.follow.peek() !== null) return; // only the line was another
    void this.followOf(this.anchor).then((follow) => {
      this.#followsAs = user;
      this.follow.value = follow;
    });
  }

  #drawIs(draw: Draw): void {
    const known = this.draw.value;
    const me = this.won(draw);
    if (known?.id !== draw.id) {
      // One that was over before this page came is nothing to show.
      if (draw.state === 'open' && !(Date.parse(draw.endsAt) < this.chat.now() * 1000 - 60_000)) this.draw.value = draw;
    } else if (known.state === 'open') this.draw.value = draw;
    else if (me && !this.won(known)) this.draw.value = { ...known, winners: [...known.winners, me] };
  }

  // -- what is told

  #listen(): void {
    const here = <T extends { groupID: string }>(name: string, take: (data: T) => void) =>
      this.#sdk.on(name, ({ data }: { data: T }) => data.groupID === this.#group && take(data));
    here<TotalsInfo>(EVENT.LIVEROOM_TOTALS, ({ groupID: _, ...totals }) => (this.totals.value = totals));
    here<LikesInfo>(EVENT.LIVEROOM_LIKES, ({ count }) => this.#each((show) => show.hearts(count)));
    here<GiftResult>(EVENT.LIVEROOM_GIFT, (gift) => this.#gift(gift));
    here<GiftOrderInfo>(EVENT.LIVEROOM_GIFT_ORDER, ({ order, balance }) => {
      const of = [this.chat.me.peek().user, order.groupID, order.id] as const;
      if (order.state === 'pending') this.#pending.keep(...of);
      else this.#pending.drop(...of);
      this.#stands(order, order.state === 'refused' ? giftWhy(order.reason) : '');
      if (balance !== undefined) this.balance.value = balance;
      if (order.reason === 'no_such_gift' || order.reason === 'price_changed') this.readGifts(); // the catalogue is another one now
    });
    here<DrawInfo>(EVENT.LIVEROOM_DRAW_STARTED, ({ draw }) => {
      this.draw.value = draw;
      this.#say(t('draw_said_start', { title: draw.title }));
    });
    here<DrawInfo>(EVENT.LIVEROOM_DRAW_ENDED, ({ draw }) => {
      this.draw.value = draw;
      // Its message may have had no room for all of them. Who listens only is none of them, and the first are enough to read.
      if (draw.drawn > draw.winners.length && !this.won(draw) && !this.chat.me.peek().anonymous) this.#inTurn(() => void this.#lookAtDraw());
      this.#say(draw.state === 'cancelled' ? t('draw_cancelled') : plural('draw_said_end', draw.drawn, { title: draw.title }));
    });
    here<SummaryInfo>(EVENT.LIVEROOM_SUMMARY, ({ summary }) => {
      if (summary.startedAt >= (this.summary.value?.startedAt ?? '')) this.summary.value = summary; // an older one may come late
    });
  }

  #gift(gift: GiftResult): void {
    this.lane.take(gift, gift.from.userID === this.chat.me.value.user);
    if (gift.gift.effect === 'float') this.#each((show) => show.icons(gift.gift.icon, gift.count));
    else if (gift.gift.effect === 'confetti') this.#each((show) => show.confetti());
    else if (gift.gift.effect === 'banner') this.#hang(gift);
    this.#unsaid = { last: gift, more: this.#unsaid ? this.#unsaid.more + 1 : 0 };
    this.#sayTimer ??= setTimeout(() => this.#sayGifts(), this.said.value === '' ? 300 : SAY_EVERY_MS);
  }

  #each(tell: (show: Show) => void): void {
    if (typeof document !== 'undefined' && document.visibilityState === 'hidden') return;
    for (const show of this.#shows) tell(show);
  }

  #hang(gift: GiftResult): void {
    if (this.banner.value === null) {
      this.banner.value = gift;
      this.#bannerTimer = setTimeout(() => {
        this.banner.value = null;
        const next = this.#banners.shift();
        if (next) this.#hang(next);
      }, this.#banners.length > 0 ? BANNER_MS / 2 : BANNER_MS);
    } else if (this.#banners.length < BANNERS) this.#banners.push(gift);
  }

  #sayGifts(): void {
    this.#sayTimer = null;
    if (!this.#unsaid) return;
    const { last, more } = this.#unsaid;
    this.#unsaid = null;
    const one = t('gift_said', { nick: last.from.nick || last.from.userID, gift: last.gift.name, n: last.combo ? last.comboTotal : last.count });
    this.#say(more > 0 ? plural('gift_said_more', more, { one }) : one);
  }

  #say(words: string): void {
    this.said.value = words;
  }
}
