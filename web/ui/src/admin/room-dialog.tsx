import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { useForm, type Form } from '../design/form.ts';
import { Segmented } from '../design/segmented.tsx';
import { Select } from '../design/select.tsx';
import { Switch } from '../design/switch.tsx';
import { useConsole } from './context.ts';
import { idFrom } from './overview-model.ts';
import { draftOf, emptyRoom, faultsOf, formOf, patchOf, serverNames, type RoomForm } from './room-form.ts';
import { t } from './texts.ts';

type Room = Schemas['RoomBody'];

const inWords = (form: RoomForm, creating: boolean): Partial<Record<keyof RoomForm, string>> =>
  Object.fromEntries(Object.entries(faultsOf(form, creating)).map(([field, key]) => [field, t(key)]));

/** Creates a room, or changes one. */
export function RoomDialog({ room = null, onDone, onClose }: { room?: Room | null; onDone(room: Room): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const [before] = useState(() => (room ? formOf(room) : emptyRoom));
  const [key] = useState(() => crypto.randomUUID?.() ?? String(Math.random()).slice(2)); // a repeat after a lost answer makes no second room
  const form = useForm<RoomForm>({
    initial: before,
    check: (v) => inWords(v, !room),
    names: serverNames,
    save: async (v) => {
      if (room) onDone(await data(http.PATCH('/api/v1/rooms/{room}', { params: { path: { room: room.id } }, body: patchOf(before, v) })));
      else onDone(await data(http.POST('/api/v1/rooms', { params: { header: { 'Idempotency-Key': key } }, body: draftOf(v) })));
    },
  });
  return (
    <Dialog
      title={room ? t('room_edit_title', { room: room.title || room.id }) : t('room_new')}
      size="large"
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="room-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} disabled={room !== null && !form.changed} testid="room-save">
            {room ? t('save') : t('room_create')}
          </Button>
        </>
      }
    >
      <Basics form={form} creating={!room} />
      <Times form={form} />
      <Viewing form={form} />
      <Keeping form={form} />
      {!room && <Names form={form} />}
      {form.error && (
        <Callout kind="bad" testid="room-error">
          {form.error}
        </Callout>
      )}
    </Dialog>
  );
}

/** A part of the form, opened where something in it is at fault. */
function Group({ title, hint, open, children }: { title: string; hint: string; open: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <details class="form-group" open={open}>
      <summary>
        <span class="form-group-title">{title}</span> <small>{hint}</small>
      </summary>
      <div class="form-grid">{children}</div>
    </details>
  );
}

const faulty = (form: Form<RoomForm>, names: (keyof RoomForm)[]): boolean => names.some((name) => form.field(name).error !== '');

function Basics({ form, creating }: { form: Form<RoomForm>; creating: boolean }): JSX.Element {
  const suggested = idFrom(form.values.title);
  return (
    <div class="form-grid">
      <Field {...form.field('title')} label={t('field_title')} hint={t('field_title_hint')} limit={{ max: 120, unit: 'bytes' }} required={!creating} testid="room-title" />
      {creating && (
        <Field {...form.field('id')} label={t('field_id')} hint={t('field_id_hint')} placeholder={suggested} mono optional testid="room-id" />
      )}
      <Field {...form.field('anchor')} label={t('field_anchor')} hint={t('field_anchor_hint')} optional testid="room-anchor" />
      <div class="form-wide">
        <Field {...form.field('notice')} label={t('field_notice')} hint={t('field_notice_hint')} rows={2} limit={{ max: 300, unit: 'bytes' }} optional testid="room-notice" />
      </div>
    </div>
  );
}

function Times({ form }: { form: Form<RoomForm> }): JSX.Element {
  const v = form.values;
  return (
    <Group title={t('group_times')} hint={t('group_times_hint')} open={v.scheduledAt !== '' || v.endAt !== '' || faulty(form, ['scheduledAt', 'endAt', 'grace', 'pauseLimit'])}>
      <Field {...form.field('scheduledAt')} type="datetime-local" label={t('field_scheduled')} hint={t('field_scheduled_hint')} optional testid="room-scheduled" />
      <Field {...form.field('endAt')} type="datetime-local" label={t('field_end')} hint={t('field_end_hint')} optional testid="room-end" />
      <Select {...form.field('earlyPush')} label={t('field_early')} options={[{ value: 'accept', label: t('early_accept') }, { value: 'refuse', label: t('early_refuse') }]} />
      <Field {...form.field('grace')} inputMode="decimal" label={t('field_grace')} hint={t('field_grace_hint')} after={t('unit_s')} placeholder={t('default')} testid="room-grace" />
      <Field {...form.field('pauseLimit')} inputMode="decimal" label={t('field_pause')} hint={t('field_pause_hint')} after={t('unit_min')} placeholder={t('default')} />
    </Group>
  );
}

function Viewing({ form }: { form: Form<RoomForm> }): JSX.Element {
  const names: (keyof RoomForm)[] = ['maxViewers', 'maxBandwidth', 'delay'];
  return (
    <Group title={t('group_viewing')} hint={t('group_viewing_hint')} open={faulty(form, names)}>
      <Select {...form.field('playAuth')} label={t('field_auth')} hint={t('field_auth_hint')} options={[{ value: 'signed', label: t('auth_signed') }, { value: 'none', label: t('auth_none') }]} />
      <Field {...form.field('maxViewers')} inputMode="numeric" label={t('field_viewers')} hint={t('field_limit_hint')} placeholder={t('default')} optional testid="room-viewers" />
      <Field {...form.field('maxBandwidth')} inputMode="decimal" label={t('field_bandwidth')} hint={t('field_limit_hint')} after="Mbit/s" placeholder={t('default')} optional />
      <Field {...form.field('delay')} inputMode="numeric" label={t('field_delay')} hint={t('field_delay_hint')} after={t('unit_s')} placeholder="0" optional testid="room-delay" />
      <div class="form-wide">
        <Switch {...form.field('delayRoom')} label={t('field_delay_room')} hint={t('field_delay_room_hint')} />
      </div>
    </Group>
  );
}

function Keeping({ form }: { form: Form<RoomForm> }): JSX.Element {
  const usual = { value: '' as const, label: t('default') };
  const names: (keyof RoomForm)[] = ['recordMode', 'recordFormats', 'recordKeep', 'recordShift', 'recordFileMax', 'shotsEvery'];
  return (
    <Group title={t('group_keeping')} hint={t('group_keeping_hint')} open={faulty(form, names)}>
      <Select {...form.field('recordMode')} label={t('field_record')} options={[usual, { value: 'off', label: t('record_off') }, { value: 'demand', label: t('record_demand') }, { value: 'always', label: t('record_always') }]} testid="room-record" />
      <Select {...form.field('recordFormats')} label={t('field_formats')} hint={t('field_formats_hint')} options={[usual, { value: 'hls', label: t('formats_hls') }, { value: 'mp4', label: 'HLS + MP4' }, { value: 'flv', label: 'HLS + FLV' }, { value: 'all', label: 'HLS + MP4 + FLV' }]} />
      <Field {...form.field('recordKeep')} inputMode="decimal" label={t('field_keep')} hint={t('field_keep_hint')} after={t('unit_h')} placeholder={t('default')} optional />
      <Field {...form.field('recordFileMax')} inputMode="decimal" label={t('field_file')} hint={t('field_file_hint')} after={t('unit_min')} placeholder={t('default')} optional />
      <Field {...form.field('recordShift')} inputMode="decimal" label={t('field_shift')} hint={t('field_shift_hint')} after={t('unit_min')} placeholder={t('default')} optional />
      <Select {...form.field('recordDownload')} label={t('field_download')} options={[usual, { value: 'no', label: t('no') }, { value: 'yes', label: t('yes') }]} />
      <Segmented label={t('field_shots')} labelShown value={form.values.shots} onValue={(value) => form.set('shots', value)} options={[{ value: 'setting', label: t('default') }, { value: 'off', label: t('shots_off') }, { value: 'on', label: t('shots_on') }]} testid="room-shots" />
      {form.values.shots === 'on' && <Field {...form.field('shotsEvery')} inputMode="numeric" label={t('field_every')} hint={t('field_every_hint')} after={t('unit_s')} testid="room-shots-every" />}
    </Group>
  );
}

/** What can't be changed later. */
function Names({ form }: { form: Form<RoomForm> }): JSX.Element {
  return (
    <Group title={t('group_names')} hint={t('group_names_hint')} open={faulty(form, ['stream', 'groupId'])}>
      <Field {...form.field('stream')} label={t('field_stream')} hint={t('field_stream_hint')} mono optional />
      <Field {...form.field('groupId')} label={t('field_group')} hint={t('field_group_hint')} mono optional />
    </Group>
  );
}
