import type { Schemas } from '../api/http.ts';
import { secondsOf } from '../lib/duration.ts';
import type { ServerKey } from './server-texts.ts';

export type Settings = Schemas['SettingsBody']['settings'];
export type Name = keyof Settings;

/** One switch as the page has it; the server holds the bounds too. */
export type Rule = { name: Name } & (
  | { kind: 'number'; min: number; max: number; whole: boolean; presets?: readonly number[] }
  | { kind: 'length'; unit: 's' | 'h'; min: number; max: number } // seconds
  | { kind: 'switch' }
  | { kind: 'choice'; of: readonly string[] }
  | { kind: 'list'; most: number; item: RegExp }
);

export interface Group {
  key: 'history' | 'notices' | 'devices' | 'speaking' | 'words' | 'groups' | 'embed' | 'admins';
  rules: readonly Rule[];
}

const whole = (name: Name, min: number, max: number, presets?: readonly number[]): Rule => ({ name, kind: 'number', min, max, whole: true, ...(presets ? { presets } : {}) });
const rate = (name: Name): Rule => ({ name, kind: 'number', min: 0.01, max: 1000, whole: false });
const onOff = (name: Name): Rule => ({ name, kind: 'switch' });
const choice = (name: Name, ...of: string[]): Rule => ({ name, kind: 'choice', of });

/** All switches, by what they are about (docs/operating.md). */
export const GROUPS: readonly Group[] = [
  { key: 'history', rules: [whole('history', 1, 1000), { name: 'historyAge', kind: 'length', unit: 'h', min: 60, max: 720 * 3600 }, whole('memberList', 1, 1000, [30, 1000]), { name: 'recallWindow', kind: 'length', unit: 's', min: 0, max: 86_400 }] },
  { key: 'notices', rules: [whole('tips', 0, 10_000), onOff('muteNotices'), onOff('broadcasts')] },
  { key: 'speaking', rules: [onOff('guestLogin'), whole('rate', 1, 1_000_000), rate('userRate'), whole('userBurst', 0, 1000), choice('priorityCap', 'high', 'normal', 'low'), rate('likeRate'), whole('likeBurst', 1, 1000)] },
  { key: 'devices', rules: [choice('rivals', 'platform', 'apps', 'all'), whole('webInstances', 0, 1000), whole('nativeInstances', 0, 1000), choice('rooms', 'one', 'ask', 'many'), choice('leave', 'apps', 'everywhere', 'device')] },
  { key: 'words', rules: [choice('wordAction', 'each', 'block', 'replace'), onOff('wordsForAdmins'), onOff('publicWords')] },
  { key: 'groups', rules: [onOff('createGroups'), onOff('membersWrite'), choice('callbackOnFailure', 'deliver', 'reject')] },
  { key: 'embed', rules: [{ name: 'embedOrigins', kind: 'list', most: 20, item: /^\S{1,200}$/ }] },
  { key: 'admins', rules: [{ name: 'admins', kind: 'list', most: 4, item: /^[\x21-\x7e]{1,32}$/ }] },
];

const RULES = new Map(GROUPS.flatMap((group) => group.rules).map((rule) => [rule.name, rule]));

/** A switch as its control holds it: text as typed, on or off, a list; null gives it back to the configuration. */
export type Held = string | boolean | readonly string[];
export type Edits = Partial<Record<Name, Held | null>>;

const UNITS = { s: 1, h: 3600 };

/** A switch of the server as its control holds it. */
export function held(rule: Rule, settings: Settings): Held {
  const value = settings[rule.name] as string | number | boolean | string[];
  if (rule.kind === 'length') return String(Number((secondsOf(value as string) / UNITS[rule.unit]).toFixed(4)));
  return typeof value === 'number' ? String(value) : value;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Edits with one more; what is as it stands is no edit. */
export function edited(edits: Edits, name: Name, to: Held | null, found: Schemas['SettingsBody']): Edits {
  const { [name]: _, ...rest } = edits;
  const rule = RULES.get(name) as Rule;
  const stands = to === null ? !found.changed.includes(name) : same(to, held(rule, found.settings));
  return stands ? rest : { ...rest, [name]: to };
}

/** What a control shows: what was typed, else what holds, or will when it is given back. */
export function shown(rule: Rule, edits: Edits, found: Schemas['SettingsBody']): Held {
  const edit = edits[rule.name];
  return edit ?? (edit === null ? held(rule, found.configured as Settings) : held(rule, found.settings));
}

/** What is at fault with a control; null: nothing. */
export function faultOf(rule: Rule, value: Held): { key: ServerKey; values?: Record<string, number> } | null {
  if (rule.kind === 'number' || rule.kind === 'length') {
    const text = String(value).trim().replace(',', '.');
    const unit = rule.kind === 'length' ? UNITS[rule.unit] : 1;
    const n = Number(text) * unit;
    const bounds = { min: rule.min / unit, max: rule.max / unit };
    if (text === '' || !/^\d+(\.\d+)?$/.test(text) || n < rule.min || n > rule.max) return { key: 'fault_bounds', values: { min: round(bounds.min), max: round(bounds.max) } };
    if (rule.kind === 'number' && rule.whole && !Number.isInteger(n)) return { key: 'fault_whole' };
  }
  return null;
}

const round = (n: number): number => Number(n.toFixed(3));

/** What the server is told. */
export function patchOf(edits: Edits): Schemas['ChangeSettingsInBody']['settings'] {
  const patch = Object.entries(edits).map(([name, value]) => {
    const rule = RULES.get(name as Name) as Rule;
    if (value === null || value === undefined) return [name, null];
    const n = Number(String(value).trim().replace(',', '.'));
    if (rule.kind === 'number') return [name, n];
    return [name, rule.kind === 'length' ? `${Math.round(n * UNITS[rule.unit] * 1000)}ms` : value];
  });
  return Object.fromEntries(patch) as Schemas['ChangeSettingsInBody']['settings'];
}

/** Edits over settings that somebody else changed meanwhile: they stay, but for those that have come true; and which of them that one changed too. */
export function merged(edits: Edits, before: Schemas['SettingsBody'], after: Schemas['SettingsBody']): { edits: Edits; both: Name[] } {
  let rest: Edits = {};
  for (const [name, to] of Object.entries(edits) as [Name, Held | null][]) rest = edited(rest, name, to, after);
  const both = (Object.keys(rest) as Name[]).filter((name) => !same(before.settings[name], after.settings[name]) || before.changed.includes(name) !== after.changed.includes(name));
  return { edits: rest, both };
}

/** The switch that a refusal of the server is about; null: none of them. */
export function nameOf(field: string): Name | null {
  const name = field.replace(/\[\d+\]$/, '').split('.').pop() ?? '';
  return RULES.has(name as Name) ? (name as Name) : null;
}
