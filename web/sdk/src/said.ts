import { TYPES } from './constants.ts';
import { blank, conversationID, groupMessage, messageID, modified, type Sent } from './message.ts';
import { Recent } from './recent.ts';
import type { Message, UserInfo } from './types.ts';
import { number, text, type Element, type Json, type WireMessage } from './wire.ts';

const KEPT = 500; // messages by which withdrawn ones are found again, and own ones known

// private and not #: see State.
/** What was said in a room lately, and who said it: each message is handed out once, and later changes of it are found by its sequence. */
export class Said {
  private readonly groupID: string;
  private readonly me: () => UserInfo;
  private messages = new Recent<number, Message>(KEPT); // by sequence
  private ids = new Recent<string, number>(KEPT); // sequence by ID
  private people = new Recent<string, UserInfo>(KEPT); // as they were last called here
  private sent = new Recent<number, Sent & { message: Message }>(KEPT); // by random

  /** me is this user; empty for a guest. */
  constructor(groupID: string, me: () => UserInfo) {
    this.groupID = groupID;
    this.me = me;
  }

  /** Another group has the name now: its sequence is another one. */
  clear(): void {
    this.messages.clear();
    this.ids.clear();
  }

  /** A message of this instance is about to be sent: its copy that comes back is not for the page. */
  sending(message: Message, body: Element[]): void {
    this.sent.keep(message.random, { message, body, data: message.cloudCustomData });
  }

  /** Takes in what the server made of a message that was sent; whether it is something else now. */
  changed(message: Message, body: readonly Element[], data: unknown): boolean {
    const own = this.sent.get(message.random);
    return own !== undefined && modified(message, own, body, data);
  }

  /** The sequence of a message this instance sent: 0 if the limiter dropped it, undefined if it is another's or long ago. */
  ownSequence(message: Message): number | undefined {
    const own = this.sent.get(message.random);
    return own && own.message.ID === message.ID ? (this.ids.get(message.ID) ?? 0) : undefined;
  }

  /** The message of this instance whose copy this is; null for any other. */
  own(wire: WireMessage): Message | null {
    const own = this.isMe(wire.from) ? this.sent.get(wire.random) : undefined;
    if (!own) return null;
    own.message.sequence = wire.seq;
    own.message.status = 'success'; // whatever became of the answer
    own.message.isDegraded = wire.degraded;
    own.message.time = wire.time || own.message.time;
    this.messages.keep(wire.seq, own.message);
    this.ids.keep(own.message.ID, wire.seq);
    return own.message;
  }

  /** Whether one without sequence came before. */
  has(wire: WireMessage): boolean {
    return this.ids.has(messageID(wire.from, wire.random, 0));
  }

  remember(wire: WireMessage, isHistory: boolean): Message {
    const message = groupMessage(wire, this.groupID, this.me().userID);
    this.called(wire.from, wire.nick, wire.avatar);
    // Two messages of one sender may carry the same random number (by REST): the later one is told apart by its sequence.
    const taken = this.ids.get(message.ID);
    if (taken !== undefined && taken !== wire.seq) message.ID += `-${wire.seq}`;
    message.isHistory = isHistory;
    this.ids.keep(message.ID, wire.seq);
    if (wire.seq > 0) this.messages.keep(wire.seq, message);
    return message;
  }

  /** Whether it is this user; a guest is nobody whom the server names. */
  isMe(userID: string): boolean {
    return userID !== '' && userID === this.me().userID;
  }

  called(userID: string, nick: string, avatar: string): UserInfo {
    const info = { userID, nick, avatar };
    this.people.keep(userID, info);
    return info;
  }

  /** Somebody the server names by id alone, as a page may call him. */
  person(userID: string, nick = ''): UserInfo {
    const known = this.isMe(userID) ? this.me() : this.people.get(userID);
    return { userID, nick: nick || known?.nick || '', avatar: known?.avatar ?? '' };
  }

  recalled(which: Json, by: string, reason: string): Message {
    return Object.assign(this.known(which), { isRevoked: true, revoker: by, revokerInfo: this.person(by), revokeReason: reason });
  }

  blocked(which: Json): Message {
    return Object.assign(this.known(which), { isModified: true, hasRiskContent: true });
  }

  /** A message that was said before; one this instance never saw stands for itself by its sequence. */
  private known(which: Json): Message {
    const [sequence, from] = [number(which.seq), text(which.from)];
    return this.messages.get(sequence) ?? blank({
      ID: messageID(from, 0, sequence), from, sequence, to: this.groupID, conversationID: conversationID(TYPES.CONV_GROUP, this.groupID),
    });
  }
}
