import { describe, expect, test } from 'vitest';
import { addressDraft, addressFaults, emptyAddress } from '../../src/admin/addresses-model.ts';
import { ASKED, draftOf, emptyReceiver, eventKey, faultsOf, FORMATS, health, patchOf, TOLD, turnedEvent, wants, type Receiver } from '../../src/admin/callbacks-model.ts';
import { mayBeKey } from '../../src/admin/keys-model.ts';
import { partFaults, partOf, placeOf, placeText, usageOf, type Recording } from '../../src/admin/recordings-model.ts';
import * as settings from '../../src/admin/settings-model.ts';
import type { Schemas } from '../../src/api/http.ts';
import { en } from '../../src/i18n/server.en.ts';

const values = {
  history: 20, historyAge: '86400s', memberList: 30, recallWindow: '120s', tips: 100, muteNotices: true, broadcasts: true, guestLogin: false, rate: 40, userRate: 2, userBurst: 5, priorityCap: 'high',
  likeRate: 10, likeBurst: 30, rivals: 'platform', webInstances: 10, nativeInstances: 3, rooms: 'ask', leave: 'apps', wordAction: 'each', wordsForAdmins: false, publicWords: false, createGroups: false,
  membersWrite: false, callbackOnFailure: 'deliver', embedOrigins: ['*'], admins: [],
};
const found = (more: object = {}, changed: string[] = [], version = 1) =>
  ({ version, changedAt: null, changedBy: '', settings: { ...values, ...more }, configured: values, changed }) as unknown as Schemas['SettingsBody'];
const rules = settings.GROUPS.flatMap((group) => group.rules);
const rule = (name: settings.Name) => rules.find((one) => one.name === name) as settings.Rule;

describe('settings', () => {
  test('hold every switch of the server, once, with words', () => {
    expect(rules.map((one) => one.name).sort()).toEqual(Object.keys(values).sort());
    for (const one of rules) {
      expect(en).toHaveProperty([`set_${one.name}`]);
      expect(en).toHaveProperty([`set_${one.name}_hint`]);
      if (one.kind === 'choice') for (const of of one.of) expect(en).toHaveProperty([`set_${one.name}_${of}`]);
    }
  });

  test('what is as it stands is no edit', () => {
    const edits = settings.edited({}, 'history', '50', found());
    expect(edits).toEqual({ history: '50' });
    expect(settings.edited(edits, 'history', '20', found())).toEqual({});
    expect(settings.edited({}, 'tips', null, found())).toEqual({});
    expect(settings.edited({}, 'tips', null, found({ tips: 7 }, ['tips']))).toEqual({ tips: null });
  });

  test('are sent as the server reads them', () => {
    expect(settings.patchOf({ history: ' 50 ', historyAge: '1.5', recallWindow: '0', userRate: '0,5', guestLogin: true, tips: null, admins: ['carol'], rivals: 'all' })).toEqual({
      history: 50, historyAge: '5400000ms', recallWindow: '0ms', userRate: 0.5, guestLogin: true, tips: null, admins: ['carol'], rivals: 'all',
    });
  });

  test('show what they will be', () => {
    expect(settings.shown(rule('historyAge'), {}, found())).toBe('24');
    expect(settings.shown(rule('tips'), { tips: null }, found({ tips: 7 }, ['tips']))).toBe('100');
    expect(settings.shown(rule('tips'), { tips: '8' }, found({ tips: 7 }, ['tips']))).toBe('8');
  });

  test.each([
    ['history', '1000', undefined], ['history', '0', 'fault_bounds'], ['history', '', 'fault_bounds'], ['history', '1.5', 'fault_whole'], ['history', '1e3', 'fault_bounds'], ['userRate', '0.01', undefined],
    ['historyAge', '720', undefined], ['historyAge', '721', 'fault_bounds'], ['recallWindow', '0', undefined],
  ] as const)('%s of %j', (name, text, fault) => expect(settings.faultOf(rule(name), text)?.key).toBe(fault));

  test('edits stand over what another changed, who is told of where both did', () => {
    const after = found({ history: 50, tips: 7, rate: 60 }, ['history', 'tips', 'rate'], 2);
    expect(settings.merged({ history: '50', tips: '9', leave: 'device' }, found(), after)).toEqual({ edits: { tips: '9', leave: 'device' }, both: ['tips'] });
  });

  test('a refusal names its switch', () => {
    expect([settings.nameOf('settings.history'), settings.nameOf('settings.admins[2]'), settings.nameOf('version')]).toEqual(['history', 'admins', null]);
  });
});

const counts = { state: 0, people: 0, talk: 0 };
const receiver = (more: Partial<Receiver['state']> = {}): Receiver =>
  ({ id: 'b', url: 'https://b.example', format: 'im', events: ['*'], hasKey: true, onFailure: 'deliver', retry: 'stored', enabled: true, fromSettings: false, createdAt: null, changedAt: null,
    state: { circuit: 'closed', underWay: 0, queued: counts, oldestAt: null, delivered: 0, refused: 0, failed: 0, unwell: 0, dropped: counts, givenUp: 0, dead: counts, ...more } }) as Receiver;

describe('receivers', () => {
  test('every event has words', () => {
    for (const event of FORMATS.flatMap((format) => [...TOLD[format], ...ASKED[format]])) expect(en, event).toHaveProperty([eventKey(event)]);
  });

  test('everything is not what one is asked', () => {
    expect([wants(['*'], 'im', 'State.StateChange'), wants(['*'], 'im', 'Group.CallbackBeforeSendMsg')]).toEqual([true, false]);
    expect(turnedEvent(['*'], 'events', 'gift.settle')).toEqual(['*', 'gift.settle']);
    expect(turnedEvent(['*', 'gift.settle'], 'events', 'draw.ended')).toEqual(['gift.settled', 'level.changed', 'session.summary', 'follow.changed', 'gift.settle']);
    expect(turnedEvent(['draw.ended', 'gift.settle'], 'events', '*')).toEqual(['*', 'gift.settle']);
    expect(turnedEvent(['draw.ended'], 'events', 'draw.ended')).toEqual([]);
  });

  test('a key that is not typed stays', () => {
    const form = { ...emptyReceiver, id: 'b', url: 'https://b.example' };
    expect(draftOf(form)).toEqual({ id: 'b', url: 'https://b.example', format: 'status', events: ['*'], onFailure: 'deliver', retry: 'stored' });
    expect(patchOf(form, { ...form, retry: 'tencent' })).toEqual({ retry: 'tencent' });
    expect(patchOf(form, { ...form, key: 'k' })).toEqual({ key: 'k' });
    expect(patchOf(form, { ...form, key: 'k', unsign: true })).toEqual({ key: '' });
  });

  test('what is at fault is told', () => {
    expect(faultsOf({ ...emptyReceiver, id: 'Up', url: 'ftp://x', events: [] }, true)).toEqual({ id: 'fault_receiver', url: 'fault_url', events: 'fault_events' });
    expect(faultsOf({ ...emptyReceiver, id: 'Up', url: 'http://x/y?z=1' }, false)).toEqual({});
  });

  test('one word says how it is', () => {
    expect([health(receiver()), health(receiver({ dead: { ...counts, talk: 2 } })), health(receiver({ circuit: 'open' })), health(receiver({ circuit: 'paused' }))].map((one) => one.key)).toEqual([
      'circuit_closed', 'circuit_dead', 'circuit_open', 'circuit_paused',
    ]);
  });
});

describe('addresses and keys', () => {
  test('an address is of a room or a stream, for a time or until one', () => {
    expect(addressDraft({ ...emptyAddress, room: ' demo ', stream: 'x' })).toEqual({ room: 'demo' });
    expect(addressDraft({ ...emptyAddress, of: 'stream', stream: 'x', app: 'live', life: '24h' })).toEqual({ stream: 'x', app: 'live', expiresIn: '24h' });
    const until = '2030-01-01T00:00';
    expect(addressDraft({ ...emptyAddress, room: 'demo', life: 'until', until })).toEqual({ room: 'demo', expiresAt: new Date(until).toISOString() });
    expect(addressFaults({ ...emptyAddress, life: 'until', until }, Date.parse('2031-01-01'))).toEqual({ room: 'fault_empty', until: 'fault_past' });
  });

  test.each([['12345678', true], ['1234567', false], ['with blank', false], ['ключ-от-всего', false], ['x'.repeat(129), false]])('%j as a key: %j', (text, good) => expect(mayBeKey(text)).toBe(good));
});

describe('recordings', () => {
  test.each([['90', 90], ['1:30', 90], ['1:02:03.5', 3723.5], ['0,5', 0.5], ['', null], ['1:60', null], ['-1', null], ['1:2:3:4', null], ['soon', null]])('%j is at %j', (text, seconds) => expect(placeOf(text)).toBe(seconds));

  test('places are shown as they are typed', () => expect([0, 90, 3723.5, 59.96].map(placeText)).toEqual(['0:00', '1:30', '1:02:03.5', '1:00']));

  test('parts', () => {
    const part = { from: '', to: '', title: '' };
    expect(partOf({ ...part, from: '0', to: '1:30' })).toEqual({ to: '90000ms' });
    expect(partFaults({ ...part, from: 'x', to: '5' }, 60)).toEqual({ from: 'fault_place' });
    expect(partFaults({ ...part, from: '10', to: '5' }, 60)).toEqual({ to: 'fault_part' });
    expect(partFaults({ ...part, from: '60' }, 60)).toEqual({ from: 'fault_after_end' });
    expect(partFaults({ ...part, from: '10' }, 60)).toEqual({});
  });

  test('what all take is added up over pages, up to a bound', async () => {
    const page = (cursor: string) => Promise.resolve({ recordings: [{ bytes: 5, duration: '2s' } as Recording], nextCursor: `${Number(cursor) + 1}` });
    expect(await usageOf(page, 3)).toEqual({ count: 3, bytes: 15, seconds: 6, more: true });
    expect(await usageOf(() => Promise.resolve({ recordings: [] }))).toEqual({ count: 0, bytes: 0, seconds: 0, more: false });
  });
});
