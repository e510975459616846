// What the server tells a room by custom messages: gifts, draws, how a live went. Only its own messages count.
import { drawOf, giftOf, serverData, summaryOf, userOf } from './told.ts';
import type { Draw, GiftResult, Message, SessionSummary } from './types.ts';
import { isObject, number, object, text } from './wire.ts';

/** What the server tells of a gift; null for any other message. */
export function giftResult(message: Partial<Message>): GiftResult | null {
  const data = serverData(message);
  if (data?.type !== 'gift_result') return null;
  const from = object(data.from);
  const { combo: _, ...gift } = giftOf(object(data.gift));
  const count = Math.max(1, number(data.count));
  return {
    groupID: message.to ?? '', gift, from: { ...userOf(from), level: number(from.level) }, to: text(data.to), count, value: number(data.value),
    combo: text(data.combo), comboTotal: number(data.comboTotal) || count, final: data.final !== false, order: text(data.order), session: text(data.session),
  };
}

const DRAWS: Record<string, Draw['state']> = { draw_start: 'open', draw_result: 'ended', draw_cancelled: 'cancelled' };

/** What the server tells of a draw; null for any other message. */
export function drawTold(message: Partial<Message>): Draw | null {
  const data = serverData(message);
  const state = DRAWS[text(data?.type)];
  return data && state && isObject(data.draw) ? drawOf(data.draw, state) : null;
}

/** How a live went, as the server tells it at its end; null for any other message. */
export function sessionSummary(message: Partial<Message>): SessionSummary | null {
  const data = serverData(message);
  return data?.type === 'session_summary' ? summaryOf(data) : null;
}
