// Gifts, draws and summaries as the wire has them, read with distrust.
import type { Draw, Gift, Message, Ranked, SessionSummary, UserInfo } from './types.ts';
import { ADMINISTRATOR, isObject, list, number, object, objects, parseJson, text, type Json } from './wire.ts';

/** The object in a custom message of the server to a room; null for any other message, whoever it pretends to be from. */
export function serverData(message: Partial<Message>): Json | null {
  if (message.from !== ADMINISTRATOR) return null;
  return customData(message);
}

/** The object in a custom message of a room, whoever said it. */
export function customData(message: Partial<Message>): Json | null {
  if (message.type !== 'TIMCustomElem' || message.conversationType !== 'GROUP') return null;
  const data = parseJson((message.payload as { data?: unknown } | undefined)?.data);
  return isObject(data) ? data : null;
}

export const userOf = (v: Json): UserInfo => ({ userID: text(v.user), nick: text(v.nick), avatar: text(v.avatar) });

export const giftOf = (v: Json): Gift => ({
  id: text(v.id), name: text(v.name) || text(v.id), price: number(v.price), icon: text(v.icon), effect: text(v.effect), combo: v.combo === true,
});

export const rankedOf = (v: Json): Ranked => ({ ...userOf(v), rank: number(v.rank), level: number(v.level), value: number(v.value), count: number(v.count) });

/** A draw as the server has it, in an answer or a message. */
export function drawOf(v: Json, state: Draw['state']): Draw {
  const trigger = object(v.trigger);
  const eligibility = object(v.eligibility);
  const winners = objects(v.winners).map(userOf); // a draw that begins says with it how many will be
  return {
    id: text(v.id), title: text(v.title), prize: text(v.prize), state,
    trigger: { keyword: text(trigger.keyword), contains: trigger.contains === true, messageType: text(trigger.messageType) },
    endsAt: text(v.endsAt), until: text(v.until), places: number(v.places) || number(v.winners) || number(v.drawn) || winners.length,
    eligibility: {
      minLevel: number(eligibility.minLevel), follower: eligibility.follower === true, giftValue: number(eligibility.giftValue),
      notWonBefore: eligibility.notWonBefore === true,
    },
    commitment: text(v.commitment), rulesHash: text(v.rulesHash), seed: text(v.seed), entriesHash: text(v.entriesHash), entries: number(v.entries), winners,
    drawn: number(v.drawn) || winners.length, reason: text(v.reason),
  };
}

export function summaryOf(v: Json): SessionSummary {
  return {
    session: text(v.session), startedAt: text(v.startedAt), endedAt: text(v.endedAt), duration: number(v.duration), pauses: number(v.pauses),
    viewers: number(v.viewers), peak: number(v.peak), members: number(v.members), watchTime: number(v.watchTime), messages: number(v.messages),
    likes: number(v.likes), giftValue: number(v.giftValue), giftCount: number(v.giftCount), top: objects(v.top).map(rankedOf),
    curve: list(v.curve).map(number),
  };
}
