import { EVENT, TYPES } from './constants.ts';
import { mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import { checkFile, draftPayload, needsFile, uploadFile, type Draft } from './files.ts';
import { blank, conversationID, messageID, modified } from './message.ts';
import { writeElement } from './payload.ts';
import { Recent } from './recent.ts';
import type { Message, MessageOptions, Result, SendOptions } from './types.ts';
import { isObject, number, object, parseBody, seconds, type Element, type Json, type Reply } from './wire.ts';
import type { LocalWords } from './words.ts';

const KEPT_DRAFTS = 200;
const UPLOAD_WAIT_MS = 30_000;
const NO_SUCH_MESSAGE = 10030;

interface Kept extends Draft {
  priority: string | undefined; // as the page gave it; without one the server goes by the type
  targeted: boolean;
}

/** Makes and sends messages. */
export class Messages {
  words: LocalWords | null = null;
  readonly #core: Core;
  readonly #kept = new Recent<string, Kept>(KEPT_DRAFTS); // by ID, so that a framework's copy of a message is known too
  readonly #toUsers = new Recent<string, true>(KEPT_DRAFTS); // IDs of messages to users that this instance sent
  #made = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  create(type: string, options: MessageOptions): Message {
    if (!isObject(options)) throw new ChatError(CODE.SEND_FAILED, 'options are missing');
    const { me, env } = this.#core;
    const group = options.conversationType === TYPES.CONV_GROUP;
    const random = Math.floor(env.random() * 0xffff_ffff) + 1;
    const clientTime = Math.floor(this.#core.serverNow() / 1000);
    const given = object(options.payload);
    const file = needsFile(type) ? env.file(given.file) : null;
    const payload = needsFile(type) ? draftPayload(type, given, file) : payloadOf(type, given);
    const message = blank({
      ID: messageID(me.userID, random, 0), type, payload, elements: [{ type, payload }], conversationType: String(options.conversationType ?? ''),
      conversationID: conversationID(String(options.conversationType ?? ''), String(options.to ?? '')), to: String(options.to ?? ''),
      from: me.userID, nick: me.nick, avatar: me.avatar, flow: 'out', status: 'unSend', time: clientTime, clientTime, random,
      clientSequence: ++this.#made, priority: options.priority || TYPES.MSG_PRIORITY_NORMAL,
      cloudCustomData: typeof options.cloudCustomData === 'string' ? options.cloudCustomData : '',
      needReadReceipt: options.needReadReceipt === true && !group, isSupportExtension: false,
      atUserList: Array.isArray(given.atUserList) ? given.atUserList.filter((u): u is string => typeof u === 'string') : [],
    });
    const onProgress = typeof options.onProgress === 'function' ? options.onProgress : () => {};
    this.#kept.keep(message.ID, {
      file, priority: options.priority, targeted: Array.isArray(options.receiverList) && options.receiverList.length > 0,
      onProgress: (progress) => {
        try {
          onProgress(progress);
        } catch (err) {
          env.log(3, 'onProgress failed', err);
        }
      },
    });
    return message;
  }

  async send(message: Message, _options?: SendOptions): Promise<Result<{ message: Message }>> {
    this.#core.mustBeReady();
    if (!isMessage(message)) throw new ChatError(CODE.NO_MESSAGE, 'sendMessage takes a message made by one of the create methods');
    try {
      await this.#send(message);
    } catch (err) {
      message.status = 'fail';
      const failed = err instanceof ChatError ? err : new ChatError(CODE.SEND_FAILED, err instanceof Error ? err.message : String(err));
      failed.data = { ...failed.data, message };
      throw failed;
    }
    this.#kept.delete(message.ID);
    return ok({ message });
  }

  resend(message: Message): Promise<Result<{ message: Message }>> {
    if (isMessage(message)) message.isResend = true;
    return this.send(message);
  }

  /** Whether a message to a user was sent by this instance: its copy that comes back is not for the page. */
  sentHere(id: string): boolean {
    return this.#toUsers.has(id);
  }

  async revoke(message: Message): Promise<Result<{ message: Message }>> {
    this.#core.mustBeReady();
    if (!isObject(message) || typeof message.ID !== 'string') throw new ChatError(CODE.NO_MESSAGE, 'this is no message');
    const sent = message.sequence > 0 || (message.flow === 'out' && message.status === 'success' && message.random > 0 && !message.isDegraded);
    if (message.conversationType !== TYPES.CONV_GROUP || !sent) throw new ChatError(CODE.RECALL_FAILED, 'only messages of a group can be recalled');
    const group = message.to;
    const own = this.#core.joined(group).ownSequence(message);
    if (own === 0 || message.sequence === 0) await this.#unsay(group, message.random); // its sequence is another message's
    else await this.#core.request('recall', { group, seq: message.sequence });
    const { userID, nick, avatar } = this.#core.me;
    Object.assign(message, { isRevoked: true, revoker: userID, revokerInfo: { userID, nick, avatar } });
    return ok({ message });
  }

  /** Takes back what others have not got: they get it later, or never. */
  async #unsay(group: string, random: number): Promise<void> {
    try {
      await this.#core.request('recall', { group, random });
    } catch (err) {
      if (!(err instanceof ChatError) || err.code !== NO_SUCH_MESSAGE) throw err; // else the limiter dropped it
    }
  }

  async #send(message: Message): Promise<void> {
    const { me } = this.#core;
    if (message.conversationType !== TYPES.CONV_GROUP && message.conversationType !== TYPES.CONV_C2C) {
      throw new ChatError(CODE.BAD_CONVERSATION_TYPE, 'conversationType must be GROUP or C2C');
    }
    if (message.from !== me.userID) this.#adopt(message);
    Object.assign(message, { nick: me.nick, avatar: me.avatar, status: 'unSend' });
    const kept = this.#kept.get(message.ID);
    if (kept?.targeted) throw new ChatError(CODE.INVALID, 'receiverList is not possible in an AVChatRoom');
    this.#checkWords(message);
    if (message.conversationType === TYPES.CONV_C2C) return this.#toUser(message, kept);
    return this.#toGroup(message, kept);
  }

  /** A message made before login, or for an earlier user, becomes this user's. */
  #adopt(message: Message): void {
    const kept = this.#kept.get(message.ID);
    this.#kept.delete(message.ID);
    message.from = this.#core.me.userID;
    message.ID = messageID(message.from, message.random, 0);
    if (kept) this.#kept.keep(message.ID, kept);
  }

  #checkWords(message: Message): void {
    const said = message.type === TYPES.MSG_TEXT ? String(message.payload?.text ?? '') : '';
    if (said && this.words?.find(said)) throw new ChatError(CODE.LOCAL_WORD, 'the text holds a word that is not allowed');
  }

  async #toGroup(message: Message, kept: Kept | undefined): Promise<void> {
    const group = mustBeGroupID(message.to);
    const room = this.#core.joined(group, CODE.NOT_IN_CHATROOM);
    await this.#upload(message, kept, group);
    const body = bodyOf(message);
    room.sending(message, body);
    let answer: Reply;
    try {
      answer = await this.#core.request('send', {
        group, random: message.random, body, cloudCustomData: message.cloudCustomData, ...(kept?.priority ? { priority: kept.priority } : {}),
      });
    } catch (err) {
      if (err instanceof ChatError) {
        if (err.data.nextAt) room.state.mayNext(err.data.nextAt);
        if (err.data.reason === 'muted' && err.data.until) room.state.refusedUntil(err.data.until);
      }
      throw err;
    }
    this.#sent(message, answer);
    if (!message.sequence) message.sequence = number(answer.seq);
    room.changed(message, parseBody(answer.body), answer.cloudCustomData);
    room.state.mayNext(number(answer.nextAt));
  }

  async #toUser(message: Message, kept: Kept | undefined): Promise<void> {
    if (message.to === '') throw new ChatError(CODE.BAD_CONVERSATION, 'to is missing');
    await this.#upload(message, kept, '');
    this.#toUsers.keep(message.ID, true);
    const sent = { body: bodyOf(message), data: message.cloudCustomData };
    const answer = await this.#core.request('sendC2C', { user: message.to, random: message.random, body: sent.body, cloudCustomData: sent.data });
    this.#sent(message, answer);
    if (modified(message, sent, parseBody(answer.body), answer.cloudCustomData)) this.#core.emit(EVENT.MESSAGE_MODIFIED, [message]);
  }

  #sent(message: Message, answer: Reply): void {
    message.status = 'success';
    message.time = seconds(answer.time) || message.time;
  }

  async #upload(message: Message, kept: Kept | undefined, group: string): Promise<void> {
    if (!needsFile(message.type) || hasAddress(message)) return;
    checkFile(message.type, kept?.file ?? null);
    await uploadFile(this.#core.env, message, kept as Kept, (fields) =>
      this.#core.request('upload', group ? { group, ...fields } : fields, { timeoutMs: UPLOAD_WAIT_MS }),
    );
  }
}

/** By its shape: frameworks hand out wrapped copies. */
const isMessage = (value: unknown): value is Message =>
  isObject(value) && typeof value.ID === 'string' && value.ID !== '' && typeof value.type === 'string' && typeof value.random === 'number' &&
  value.flow === 'out' && isObject(value.payload);

/** Tencent's payloads hold strings; what is missing is empty, what is no string becomes one. */
function payloadOf(type: string, given: Json): Json {
  const str = (v: unknown) => (v === undefined || v === null ? '' : String(v));
  switch (type) {
    case TYPES.MSG_TEXT:
      return { text: str(given.text) };
    case TYPES.MSG_CUSTOM:
      return { data: str(given.data), description: str(given.description), extension: str(given.extension) };
    case TYPES.MSG_FACE:
      return { index: Number(given.index) || 0, data: str(given.data) };
    case TYPES.MSG_LOCATION:
      return { description: str(given.description), latitude: Number(given.latitude) || 0, longitude: Number(given.longitude) || 0 };
    default:
      return { ...given };
  }
}

const hasAddress = ({ payload }: Message): boolean =>
  Boolean(payload.url || payload.fileUrl || payload.videoUrl || (payload.imageInfoArray as { url?: string }[] | undefined)?.[0]?.url);

function bodyOf(message: Message): Element[] {
  const elements = message.elements.length > 1 ? message.elements : [{ type: message.type, payload: message.payload }];
  return elements.map(({ type, payload }) => {
    const element = writeElement(type, payload);
    if (!element) throw new ChatError(CODE.SEND_FAILED, `messages of type ${type} cannot be sent`);
    return element;
  });
}
