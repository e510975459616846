import type { Schemas } from '../api/http.ts';
import type { Tone } from '../design/callout.tsx';
import { languageTag } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';
import type { ServerKey } from './server-texts.ts';

export type Receiver = Schemas['CallbackBody'];
export type Format = Receiver['format'];

/** What a receiver is told, by format (docs/callbacks.md). */
export const TOLD: Record<Format, readonly string[]> = {
  im: [
    'Group.CallbackAfterSendMsg', 'Group.CallbackSendMsgException', 'Group.CallbackAfterRecallMsg', 'Group.CallbackAfterNewMemberJoin', 'Group.CallbackAfterMemberExit', 'Group.CallbackOnMemberStateChange',
    'Group.CallbackAfterMemberFieldChanged', 'Group.CallbackAfterCreateGroup', 'Group.CallbackAfterGroupInfoChanged', 'Group.CallbackAfterGroupAttrChanged', 'Group.CallbackAfterGroupDestroyed',
    'C2C.CallbackAfterSendMsg', 'State.StateChange', 'ContentCallback.ResultNotify',
  ],
  css: ['stream_start', 'stream_stop', 'record_file', 'record_status', 'record_exception', 'screenshot', 'relay'],
  status: ['live_status'],
  events: ['gift.settled', 'level.changed', 'session.summary', 'draw.ended', 'follow.changed'],
};

/** What one is asked before it happens: `*` does not stand for these. */
export const ASKED: Record<Format, readonly string[]> = {
  im: ['Group.CallbackBeforeSendMsg', 'C2C.CallbackBeforeSendMsg', 'Group.CallbackBeforeApplyJoinGroup', 'Group.CallbackBeforeCreateGroup', 'Live.CallbackBeforeSendGift'],
  css: [],
  status: [],
  events: ['gift.settle'],
};

export const FORMATS: readonly Format[] = ['status', 'events', 'im', 'css'];

/** The texts' key of an event. */
export const eventKey = (event: string): ServerKey => `event_${event.replace(/\W/g, '_')}` as ServerKey;

export const isKnown = (event: string): boolean => FORMATS.some((format) => TOLD[format].includes(event) || ASKED[format].includes(event));

/** What may be fired to try a receiver out, what it wants first. */
export function triable(receiver: Receiver): string[] {
  const all = [...TOLD[receiver.format], ...ASKED[receiver.format]];
  return [...all.filter((event) => wants(receiver.events, receiver.format, event)), ...all.filter((event) => !wants(receiver.events, receiver.format, event))];
}

export const wants = (events: readonly string[], format: Format, event: string): boolean => events.includes(event) || (events.includes('*') && TOLD[format].includes(event));

/** A list of events with one more or less. Taking one out of `*` leaves the others. */
export function turnedEvent(events: readonly string[], format: Format, event: string): string[] {
  if (event === '*') return events.includes('*') ? events.filter((one) => one !== '*') : ['*', ...events.filter((one) => ASKED[format].includes(one))];
  if (events.includes('*') && TOLD[format].includes(event)) return [...TOLD[format].filter((one) => one !== event), ...events.filter((one) => one !== '*' && ASKED[format].includes(one))];
  return events.includes(event) ? events.filter((one) => one !== event) : [...events, event];
}

export interface ReceiverForm {
  id: string;
  url: string;
  format: Format;
  events: string[];
  key: string;
  unsign: boolean; // the key is taken away
  onFailure: Receiver['onFailure'];
  retry: Receiver['retry'];
}

export const emptyReceiver: ReceiverForm = { id: '', url: '', format: 'status', events: ['*'], key: '', unsign: false, onFailure: 'deliver', retry: 'stored' };

export const formOf = (one: Receiver): ReceiverForm => ({ ...emptyReceiver, id: one.id, url: one.url, format: one.format, events: one.events, onFailure: one.onFailure, retry: one.retry });

export function faultsOf(form: ReceiverForm, creating: boolean): Partial<Record<keyof ReceiverForm, ServerKey>> {
  return {
    ...(creating && form.id.trim() !== '' && !/^[a-z0-9-]{1,32}$/.test(form.id.trim()) ? { id: 'fault_receiver' as const } : {}),
    ...(/^https?:\/\/[^\s#]+$/i.test(form.url.trim()) ? {} : { url: 'fault_url' as const }),
    ...(form.events.length === 0 ? { events: 'fault_events' as const } : {}),
  };
}

export function draftOf(form: ReceiverForm): Schemas['CallbackDraft'] {
  return {
    url: form.url.trim(), format: form.format, events: form.events, onFailure: form.onFailure, retry: form.retry,
    ...(form.id.trim() ? { id: form.id.trim() } : {}),
    ...(form.key ? { key: form.key } : {}),
  };
}

/** What is to be changed, and no more. The key is shown to nobody, so an empty field leaves it as it is. */
export function patchOf(before: ReceiverForm, form: ReceiverForm): Schemas['CallbackPatch'] {
  const patch: Schemas['CallbackPatch'] = {};
  if (form.url.trim() !== before.url) patch.url = form.url.trim();
  if (JSON.stringify(form.events) !== JSON.stringify(before.events)) patch.events = form.events;
  if (form.onFailure !== before.onFailure) patch.onFailure = form.onFailure;
  if (form.retry !== before.retry) patch.retry = form.retry;
  if (form.unsign) patch.key = '';
  else if (form.key) patch.key = form.key;
  return patch;
}

export const sum = (counts: Schemas['ClassCounts']): number => counts.state + counts.people + counts.talk;

/** How a receiver is, in one word. */
export function health(one: Receiver): { tone: Tone | 'plain'; key: ServerKey } {
  switch (one.state.circuit) {
    case 'paused':
      return { tone: 'plain', key: 'circuit_paused' };
    case 'open':
      return { tone: 'bad', key: 'circuit_open' };
    case 'unknown':
      return { tone: 'warn', key: 'circuit_unknown' };
    case 'closed':
      return sum(one.state.dead) > 0 ? { tone: 'warn', key: 'circuit_dead' } : { tone: 'good', key: 'circuit_closed' };
  }
}

export const OUTCOMES: Record<Schemas['CallbackTry']['outcome'], Tone> = { delivered: 'good', refused: 'bad', failed: 'warn', unwell: 'bad' };

/** How long a try took, as the server writes it: to the millisecond. */
export const tookOf = (length: string): string =>
  new Intl.NumberFormat(languageTag(), { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: 0 }).format(Math.ceil(secondsOf(length) * 1000));
