import { TYPES } from './constants.ts';
import { readBody, sameBody } from './payload.ts';
import type { Message, UserInfo } from './types.ts';
import type { Element, WireMessage } from './wire.ts';

/** A message with every field at rest. */
export function blank(fields: Partial<Message>): Message {
  return {
    ID: '', type: TYPES.MSG_TEXT, payload: {}, conversationID: '', conversationType: TYPES.CONV_GROUP, to: '', from: '', flow: 'in', time: 0,
    status: 'success', sequence: 0, clientSequence: 0, random: 0, priority: TYPES.MSG_PRIORITY_NORMAL, nick: '', avatar: '', nameCard: '',
    isRevoked: false, isDeleted: false, isModified: false, isPeerRead: false, isRead: true, isResend: false, atUserList: [], cloudCustomData: '',
    needReadReceipt: false, readReceiptInfo: { readCount: 0, unreadCount: 0, isPeerRead: false }, isBroadcastMessage: false,
    isSupportExtension: false, isPlaceMessage: 0, clientTime: 0, revoker: '', revokerInfo: nobody(), revokeReason: '', hasRiskContent: false,
    elements: [], isHistory: false, isDegraded: false, level: 0, badge: '', ...fields,
  };
}

export const nobody = (): UserInfo => ({ userID: '', nick: '', avatar: '' });

/**
 * The ID of a message, which every instance derives alike. It must be known before the server gave a sequence, so it is made of the sender
 * and its random number; a message without one (by REST) takes the sequence.
 */
export const messageID = (from: string, random: number, sequence: number): string => (random ? `${from}-${random}` : `${from}-s${sequence}`);

export const conversationID = (type: string, peer: string): string => (type === TYPES.CONV_SYSTEM ? type : type + peer);

/** A message of a group as it came. */
export function groupMessage(wire: WireMessage, groupID: string, me: string): Message {
  return received(wire, { conversationType: TYPES.CONV_GROUP, conversationID: conversationID(TYPES.CONV_GROUP, groupID), to: groupID }, me);
}

/** What was sent of a message, as far as the server may change it. */
export interface Sent {
  body: Element[];
  data: string;
}

/** Puts what the others get into a message that was sent, and says whether it is something else. */
export function modified(message: Message, sent: Sent, body: readonly Element[], data: unknown): boolean {
  const bodyIs = body.length > 0 && !sameBody(sent.body, body);
  const dataIs = typeof data === 'string' && data !== sent.data;
  if (bodyIs) {
    sent.body = [...body];
    message.elements = readBody(body);
    message.type = message.elements[0]?.type ?? message.type;
    message.payload = message.elements[0]?.payload;
  }
  if (dataIs) message.cloudCustomData = sent.data = data;
  message.isModified ||= bodyIs || dataIs;
  return bodyIs || dataIs;
}

/** A message between two users as it came. */
export function userMessage(wire: WireMessage & { to: string }, me: string): Message {
  const peer = wire.from === me ? wire.to : wire.from;
  return received(wire, { conversationType: TYPES.CONV_C2C, conversationID: conversationID(TYPES.CONV_C2C, peer), to: wire.to }, me);
}

function received(wire: WireMessage, where: Partial<Message>, me: string): Message {
  const elements = readBody(wire.body);
  const first = elements[0] ?? { type: TYPES.MSG_TEXT, payload: { text: '' } };
  return blank({
    ...where, ID: messageID(wire.from, wire.random, wire.seq), type: first.type, payload: first.payload, elements, from: wire.from,
    flow: me !== '' && wire.from === me ? 'out' : 'in', time: wire.time, clientTime: wire.time, sequence: wire.seq, random: wire.random,
    priority: wire.priority, nick: wire.nick, avatar: wire.avatar, cloudCustomData: wire.cloudCustomData,
    isRevoked: wire.withdrawn === 'recalled', hasRiskContent: wire.withdrawn === 'blocked', isModified: wire.withdrawn === 'blocked', isBroadcastMessage: wire.broadcast,
    isDegraded: wire.degraded, level: wire.level, badge: wire.badge,
  });
}
