import type { Schemas } from '../api/http.ts';
import { measure } from '../design/limit.ts';
import { secondsOf } from '../lib/duration.ts';
import type { Key } from './texts.ts';

type Room = Schemas['RoomBody'];
type Rule = Schemas['RecordingRule'];

/** A room as a form has it: text as it is typed, '' for the server's setting, times as the reader's clock shows them. */
export interface RoomForm {
  title: string;
  id: string;
  anchor: string;
  stream: string;
  groupId: string;
  notice: string;
  scheduledAt: string;
  endAt: string;
  earlyPush: 'accept' | 'refuse';
  grace: string; // seconds
  pauseLimit: string; // minutes
  playAuth: 'signed' | 'none';
  maxViewers: string;
  maxBandwidth: string; // Mbit/s
  delay: string; // seconds
  delayRoom: boolean;
  shots: 'setting' | 'off' | 'on';
  shotsEvery: string; // seconds
  recordMode: '' | 'off' | 'demand' | 'always';
  recordFormats: '' | 'hls' | 'mp4' | 'flv' | 'all';
  recordKeep: string; // hours
  recordShift: string; // minutes
  recordFileMax: string; // minutes
  recordDownload: '' | 'yes' | 'no';
}

export const emptyRoom: RoomForm = {
  title: '', id: '', anchor: '', stream: '', groupId: '', notice: '', scheduledAt: '', endAt: '', earlyPush: 'accept', grace: '', pauseLimit: '', playAuth: 'signed',
  maxViewers: '', maxBandwidth: '', delay: '', delayRoom: false, shots: 'setting', shotsEvery: '10', recordMode: '', recordFormats: '', recordKeep: '', recordShift: '',
  recordFileMax: '', recordDownload: '',
};

const MINUTE = 60;
const HOUR = 3600;

/** Where the server's refusals name a field that is another in the form. */
export const serverNames: Record<string, keyof RoomForm> = {
  'screenshots.every': 'shotsEvery', screenshots: 'shotsEvery', 'recording.mode': 'recordMode', 'recording.formats': 'recordFormats', 'recording.keep': 'recordKeep',
  'recording.timeShift': 'recordShift', 'recording.fileMax': 'recordFileMax', 'recording.download': 'recordDownload', recording: 'recordMode',
};

export function formOf(room: Room): RoomForm {
  const every = room.screenshots ? secondsOf(room.screenshots.every) : null;
  const rule = room.recording;
  return {
    title: room.title, id: room.id, anchor: room.anchor, stream: room.stream, groupId: room.groupId, notice: room.notice,
    scheduledAt: localTime(room.scheduledAt), endAt: localTime(room.endAt), earlyPush: room.earlyPush,
    grace: count(secondsOf(room.grace)), pauseLimit: count(secondsOf(room.pauseLimit) / MINUTE), playAuth: room.playAuth,
    maxViewers: room.maxViewers > 0 ? String(room.maxViewers) : '', maxBandwidth: room.maxBandwidth > 0 ? count(room.maxBandwidth / 1e6) : '',
    delay: secondsOf(room.delay) > 0 ? count(secondsOf(room.delay)) : '', delayRoom: room.delayRoom,
    shots: every === null ? 'setting' : every === 0 ? 'off' : 'on', shotsEvery: every ? count(every) : emptyRoom.shotsEvery,
    recordMode: rule?.mode ?? '', recordFormats: formatsOf(rule?.formats), recordKeep: length(rule?.keep, HOUR), recordShift: length(rule?.timeShift, MINUTE),
    recordFileMax: length(rule?.fileMax, MINUTE), recordDownload: rule?.download === undefined ? '' : rule.download ? 'yes' : 'no',
  };
}

/** What creates the room: fields that were left empty are left to the server. */
export function draftOf(form: RoomForm): Schemas['RoomDraft'] {
  const recording = recordingOf(form);
  return {
    ...given({ title: form.title.trim(), id: form.id.trim(), anchor: form.anchor.trim(), stream: form.stream.trim(), groupId: form.groupId.trim(), notice: form.notice.trim() }),
    ...given({ scheduledAt: serverTime(form.scheduledAt) ?? '', endAt: serverTime(form.endAt) ?? '', grace: inSeconds(form.grace, 1), pauseLimit: inSeconds(form.pauseLimit, MINUTE), delay: inSeconds(form.delay, 1) }),
    ...(form.earlyPush === 'refuse' ? { earlyPush: 'refuse' as const } : {}),
    ...(form.playAuth === 'none' ? { playAuth: 'none' as const } : {}),
    ...(form.delayRoom ? { delayRoom: true } : {}),
    ...(form.maxViewers.trim() ? { maxViewers: Number(form.maxViewers) } : {}),
    ...(form.maxBandwidth.trim() ? { maxBandwidth: Math.round(Number(form.maxBandwidth) * 1e6) } : {}),
    ...(form.shots === 'setting' ? {} : { screenshots: shotsOf(form) }),
    ...(recording ? { recording } : {}),
  };
}

/** What of a room is to be changed, and no more: another who changes it meanwhile loses nothing. */
export function patchOf(before: RoomForm, form: RoomForm): Schemas['RoomPatch'] {
  const patch: Schemas['RoomPatch'] = {};
  const changed = (...names: (keyof RoomForm)[]) => names.some((name) => before[name] !== form[name]);
  if (changed('title')) patch.title = form.title.trim();
  if (changed('anchor')) patch.anchor = form.anchor.trim();
  if (changed('notice')) patch.notice = form.notice.trim();
  if (changed('scheduledAt')) patch.scheduledAt = serverTime(form.scheduledAt);
  if (changed('endAt')) patch.endAt = serverTime(form.endAt);
  if (changed('earlyPush')) patch.earlyPush = form.earlyPush;
  if (changed('grace') && form.grace.trim()) patch.grace = inSeconds(form.grace, 1);
  if (changed('pauseLimit') && form.pauseLimit.trim()) patch.pauseLimit = inSeconds(form.pauseLimit, MINUTE);
  if (changed('playAuth')) patch.playAuth = form.playAuth;
  if (changed('maxViewers')) patch.maxViewers = Number(form.maxViewers);
  if (changed('maxBandwidth')) patch.maxBandwidth = Math.round(Number(form.maxBandwidth) * 1e6);
  if (changed('delay')) patch.delay = inSeconds(form.delay, 1) || '0s';
  if (changed('delayRoom')) patch.delayRoom = form.delayRoom;
  if (changed('shots', 'shotsEvery')) patch.screenshots = form.shots === 'setting' ? null : shotsOf(form);
  if (changed('recordMode', 'recordFormats', 'recordKeep', 'recordShift', 'recordFileMax', 'recordDownload')) patch.recording = recordingOf(form);
  return patch;
}

/** What is at fault before the server is asked, by field: a key of the texts. */
export function faultsOf(form: RoomForm, creating: boolean): Partial<Record<keyof RoomForm, Key>> {
  const faults: Partial<Record<keyof RoomForm, Key>> = {};
  const rule = (field: keyof RoomForm, broken: boolean, text: Key) => {
    if (broken && !faults[field]) faults[field] = text;
  };
  const [id, stream, group] = [form.id.trim(), form.stream.trim(), form.groupId.trim()];
  if (creating) {
    rule('id', id !== '' && !/^[A-Za-z0-9_-]{1,48}$/.test(id), 'fault_id');
    rule('stream', stream !== '' && (!/^[A-Za-z0-9_.-]{1,64}$/.test(stream) || /\.(flv|m3u8)$/.test(stream)), 'fault_stream');
    rule('groupId', group !== '' && !/^[\x21-\x7e]{1,48}$/.test(group), 'fault_group');
  }
  rule('title', measure(form.title.trim(), 'bytes') > 120, 'fault_long');
  rule('title', !creating && form.title.trim() === '', 'fault_empty');
  rule('anchor', measure(form.anchor.trim(), 'bytes') > 32, 'fault_long');
  rule('notice', measure(form.notice.trim(), 'bytes') > 4096, 'fault_long');
  const [from, to] = [form.scheduledAt, form.endAt].map((text) => (text ? new Date(text).getTime() : NaN)) as [number, number];
  rule('scheduledAt', form.scheduledAt !== '' && Number.isNaN(from), 'fault_time');
  rule('endAt', form.endAt !== '' && Number.isNaN(to), 'fault_time');
  rule('endAt', to <= from, 'fault_order');
  for (const field of ['grace', 'pauseLimit', 'delay', 'maxBandwidth', 'recordKeep', 'recordShift', 'recordFileMax'] as const) rule(field, !isAmount(form[field]), 'fault_number');
  rule('maxViewers', form.maxViewers.trim() !== '' && !/^\d{1,9}$/.test(form.maxViewers.trim()), 'fault_whole');
  rule('delay', form.delay.trim() !== '' && !/^\d{1,3}$/.test(form.delay.trim()), 'fault_delay');
  rule('delay', Number(form.delay) > 600, 'fault_delay');
  rule('shotsEvery', form.shots === 'on' && !(Number(form.shotsEvery) >= 2 && Number(form.shotsEvery) <= 600), 'fault_shots');
  return faults;
}

const isAmount = (text: string): boolean => text.trim() === '' || (/^\d{1,9}([.]\d{1,3})?$/.test(text.trim()) && Number.isFinite(Number(text)));

const shotsOf = (form: RoomForm): Schemas['ScreenshotsBody'] => ({ every: form.shots === 'off' ? '0s' : inSeconds(form.shotsEvery, 1) });

/** The room's rule for recordings; null: the server's settings in all. */
function recordingOf(form: RoomForm): Rule | null {
  const rule: Rule = {
    ...(form.recordMode ? { mode: form.recordMode } : {}),
    ...(form.recordFormats ? { formats: FORMATS[form.recordFormats] } : {}),
    ...given({ keep: inSeconds(form.recordKeep, HOUR), timeShift: inSeconds(form.recordShift, MINUTE), fileMax: inSeconds(form.recordFileMax, MINUTE) }),
    ...(form.recordDownload ? { download: form.recordDownload === 'yes' } : {}),
  };
  return Object.keys(rule).length > 0 ? rule : null;
}

const FORMATS: Record<Exclude<RoomForm['recordFormats'], ''>, NonNullable<Rule['formats']>> = { hls: ['hls'], mp4: ['hls', 'mp4'], flv: ['hls', 'flv'], all: ['hls', 'mp4', 'flv'] };

function formatsOf(formats: Rule['formats'] | null): RoomForm['recordFormats'] {
  if (!formats || formats.length === 0) return '';
  const [mp4, flv] = [formats.includes('mp4'), formats.includes('flv')];
  return mp4 && flv ? 'all' : mp4 ? 'mp4' : flv ? 'flv' : 'hls';
}

/** Only what is not empty. */
function given<T extends Record<string, string>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as { [K in keyof T]?: string };
}

const count = (n: number): string => String(Number(n.toFixed(3)));
const length = (text: string | undefined, unit: number): string => (text === undefined ? '' : count(secondsOf(text) / unit));

/** A length of time as the server reads it; '' for an empty field. */
function inSeconds(text: string, unit: number): string {
  if (text.trim() === '') return '';
  const ms = Math.round(Number(text) * unit * 1000);
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** A moment as a field of a form has it, in the reader's time zone: 2026-11-30T20:15. */
export function localTime(moment: string | null | undefined): string {
  const date = new Date(moment ?? NaN);
  if (Number.isNaN(date.getTime())) return '';
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The same as the server has it; null for none. */
export function serverTime(text: string): string | null {
  const date = new Date(text === '' ? NaN : text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
