import { Backoff } from './backoff.ts';
import { MOST_OF_ONE, Run } from './combo.ts';
import { EVENT } from './constants.ts';
import { mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE, isTemporary } from './error.ts';
import { giftOf, rankedOf } from './told.ts';
import type { Combo, ComboOptions, Gift, GiftOptions, GiftOrder, GiftOrderInfo, GiftRanking, Result } from './types.ts';
import { isObject, number, object, objects, text, type Json } from './wire.ts';

const MOST_UNDECIDED = 100;
const DECIDED = new Set(['gift_refused', 'no_such_gift', 'order_reused', 'price_changed']); // refusals of a server that looked for the order first
const FIRST_LOOK_MS = 4000; // the server tells of a decision itself; looking is for what was told while the line was away

/** An order whose price may not be known: none was shown, and the server has not told it yet. */
type Order = Omit<GiftOrder, 'price'> & { price?: number | undefined };

interface Undecided {
  order: Order;
  known: boolean; // the server has it
  refusal: ChatError | null; // what it ends with if the server has no such order; where there is one, the server is only asked for it
  backoff: Backoff;
  timer: unknown;
  settled: Promise<Result<GiftOrderInfo>>;
  resolve(result: Result<GiftOrderInfo>): void;
  reject(err: Error): void;
}

// private and not #: see State.
/** Giving: an order is asked for by its id, again and again, until it is decided. */
export class Gifts {
  private readonly core: Core;
  private readonly undecided = new Map<string, Undecided>(); // by group and id
  private listed = new Map<string, Gift>(); // the catalogue as it was read last

  constructor(core: Core) {
    this.core = core;
  }

  async catalogue(): Promise<Result<{ giftList: Gift[]; version: number }>> {
    const answer = await this.core.request('gifts');
    const giftList = objects(answer.gifts).map(giftOf);
    this.listed = new Map(giftList.map((gift) => [gift.id, gift]));
    return ok({ giftList, version: number(answer.version) });
  }

  async ranking(o: { groupID: string; scope?: string; limit?: number }): Promise<Result<GiftRanking>> {
    const answer = await this.core.request('ranking', { group: mustBeGroupID(o?.groupID), scope: o.scope ?? 'session', limit: Math.min(o.limit ?? 10, 100) });
    const totals: Json = object(answer.totals);
    return ok({
      ranking: objects(answer.ranking).map(rankedOf), session: text(answer.session),
      totals: { value: number(totals.value), count: number(totals.count), senders: number(totals.senders) },
    });
  }

  combo(o: ComboOptions): Combo {
    const { groupID, gift, price = this.listed.get(gift)?.price } = o; // clicks that wait must not leave at another
    return new Run(this.core.env, o, this.newID, (combo, count) => {
      const options = { groupID, gift, price, count, combo, order: this.newID() };
      try {
        this.begin(options); // LIVEROOM_GIFT_ORDER tells how it goes on
      } catch (err) {
        const { data } = err as ChatError;
        this.tell({ ...this.orderOf(options), state: 'refused', reason: data.reason ?? 'not_joined' });
      }
    });
  }

  readonly newID = (): string => [0, 0, 0].map(() => Math.floor(this.core.env.random() * 2 ** 32).toString(36).padStart(7, '0')).join('');

  async send(o: GiftOptions): Promise<Result<GiftOrderInfo>> {
    return this.begin(o);
  }

  /** How it stands with an order of this user that was placed before, such as by the page before it was loaded again. */
  async look(o: { groupID: string; order: string }): Promise<Result<GiftOrderInfo>> {
    this.core.mustBeReady();
    const groupID = mustBeGroupID(o?.groupID);
    if (typeof o.order !== 'string' || o.order === '') throw new ChatError(CODE.INVALID, 'order must be the id of one');
    return this.follow(this.orderOf({ groupID, gift: '', count: 0, order: o.order }), new ChatError(CODE.SEND_FAILED, 'there is no such order', { reason: 'no_such_order' }));
  }

  private begin(o: GiftOptions): Promise<Result<GiftOrderInfo>> {
    this.core.mustBeReady();
    const { groupID } = this.core.joined(o?.groupID);
    const count = o.count ?? 1;
    if (!Number.isSafeInteger(count) || count < 1 || count > MOST_OF_ONE) throw new ChatError(CODE.INVALID, `count must be 1 to ${MOST_OF_ONE}`);
    if (typeof o.gift !== 'string' || o.gift === '') throw new ChatError(CODE.INVALID, 'gift must be the id of one');
    return this.follow(this.orderOf({ ...o, groupID, count, order: o.order || this.newID() }));
  }

  /** Sees an order to its end. With a refusal it is never sent, only asked for, and refused with that if the server has none. */
  private follow(order: Order, refusal: ChatError | null = null): Promise<Result<GiftOrderInfo>> {
    const key = keyOf(order);
    const there = this.undecided.get(key);
    if (there) return there.settled;
    if (this.undecided.size >= MOST_UNDECIDED) throw new ChatError(CODE.TOO_OFTEN, 'too many gifts are on their way', { reason: 'gifts_too_fast', temporary: true });
    const entry = { order, known: false, refusal, backoff: new Backoff(this.core.env.random), timer: null } as Undecided;
    entry.settled = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    entry.settled.catch(() => {});
    this.undecided.set(key, entry);
    if (!refusal) this.tell(order);
    void this.ask(entry);
    return entry.settled;
  }

  /** An order as it begins, with the price that was shown, or was heard of last. */
  private orderOf({ groupID, gift, price: shown, count, combo = '', order: id }: GiftOptions & { count: number; order: string }): Order {
    const known = this.listed.get(gift);
    const price = shown ?? known?.price;
    return { id, groupID, gift, name: known?.name ?? gift, price, count, value: (price || 0) * count, combo, state: 'pending', reason: '' };
  }

  /** The server tells how an order of this user stands, of this instance or another. */
  told(wire: Json, balance?: unknown): void {
    const order = orderOf(wire);
    const entry = this.undecided.get(keyOf(order));
    if (entry) this.stands(entry, order, balance);
    else this.tell(order, balance);
  }

  /** The line is back: what was decided meanwhile is asked for. */
  resume(): void {
    for (const entry of this.undecided.values()) if (entry.known) this.lookIn(entry, 0);
  }

  /** Nobody is logged in any more. How they end is known to the server. */
  forget(): void {
    for (const entry of this.undecided.values()) {
      this.core.env.clearTimeout(entry.timer);
      entry.reject(new ChatError(CODE.LOGGED_OUT, 'logged out before the gift was decided'));
    }
    this.undecided.clear();
  }

  private async ask(entry: Undecided): Promise<void> {
    const { id, groupID, gift, count, price, combo } = entry.order;
    try {
      const answer = entry.known || entry.refusal
        ? await this.core.request('giftOrder', { group: groupID, order: id })
        : await this.core.request('sendGift', { group: groupID, order: id, gift, count, price, combo });
      if (!this.has(entry)) return;
      if (entry.refusal && !isObject(answer.order)) throw entry.refusal;
      this.stands(entry, isObject(answer.order) ? orderOf(answer.order) : { ...entry.order, state: 'accepted' }, answer.balance);
    } catch (err) {
      if (this.has(entry)) this.failed(entry, err);
    }
  }

  private stands(entry: Undecided, order: Order, balance: unknown): void {
    const changed = order.state !== entry.order.state || order.value !== entry.order.value || order.gift !== entry.order.gift;
    entry.order = { ...order, groupID: entry.order.groupID };
    entry.known = true;
    if (changed) this.tell(entry.order, balance);
    if (order.state === 'refused') return this.refused(entry, new ChatError(CODE.SEND_FAILED, order.reason || 'the gift was refused', { reason: 'gift_refused' }));
    entry.resolve(ok(told(entry.order, balance)));
    if (order.state === 'accepted') this.done(entry);
    else this.lookIn(entry, FIRST_LOOK_MS + entry.backoff.next());
  }

  private failed(entry: Undecided, err: unknown): void {
    // Once the server has it, only its word ends it; a question that failed is asked again.
    if (!(err instanceof ChatError) || isTemporary(err) || entry.known) return this.lookIn(entry, entry.backoff.next());
    if (!entry.refusal && !DECIDED.has(err.data.reason ?? '')) {
      // An earlier request may have got through, its answer lost: who reads "refused" gives again, and pays twice.
      entry.refusal = err;
      return void this.ask(entry);
    }
    const why = entry.refusal ?? err;
    entry.order = { ...entry.order, state: 'refused', reason: why.data.reason === 'gift_refused' ? why.message : (why.data.reason ?? why.message) };
    this.tell(entry.order);
    this.refused(entry, why);
  }

  private refused(entry: Undecided, err: ChatError): void {
    entry.reject(err);
    this.done(entry);
  }

  private lookIn(entry: Undecided, ms: number): void {
    const { env } = this.core;
    env.clearTimeout(entry.timer);
    entry.timer = env.setTimeout(() => void this.ask(entry), ms);
  }

  private has(entry: Undecided): boolean {
    return this.undecided.get(keyOf(entry.order)) === entry;
  }

  private done(entry: Undecided): void {
    this.core.env.clearTimeout(entry.timer);
    this.undecided.delete(keyOf(entry.order));
  }

  private tell(order: Order, balance?: unknown): void {
    this.core.emit(EVENT.LIVEROOM_GIFT_ORDER, told(order, balance));
  }
}

const keyOf = ({ groupID, id }: Order): string => `${groupID} ${id}`;

const told = (order: Order, balance: unknown): GiftOrderInfo => ({ groupID: order.groupID, order: { ...order, price: order.price || 0 }, ...(typeof balance === 'number' && { balance }) });

function orderOf(v: Json): Order {
  return {
    id: text(v.id), groupID: text(v.group), gift: text(v.gift), name: text(v.name), price: number(v.price), count: number(v.count), value: number(v.value),
    combo: text(v.combo), state: v.state === 'accepted' || v.state === 'refused' ? v.state : 'pending', reason: text(v.reason),
  };
}
