import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../../api/http.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Callout, type Tone } from '../../design/callout.tsx';
import { confirm } from '../../design/confirm.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Empty } from '../../design/empty.tsx';
import { Field } from '../../design/field.tsx';
import { useForm, type Form } from '../../design/form.ts';
import { Panel } from '../../design/frame.tsx';
import { Segmented } from '../../design/segmented.tsx';
import { Select } from '../../design/select.tsx';
import { Switch } from '../../design/switch.tsx';
import { Table } from '../../design/table.tsx';
import { toast, toastError } from '../../design/toast.tsx';
import { when } from '../../i18n/index.ts';
import { secondsOf } from '../../lib/duration.ts';
import { tabled } from '../awaited.tsx';
import { useConsole, useRead } from '../context.ts';
import { size } from '../format.ts';
import { localTime, serverTime } from '../room-form.ts';
import { t, type Key } from '../texts.ts';
import type { Room } from './page.tsx';

type Relay = Schemas['RelayBody'];
type Pull = Schemas['PullBody'];

const TONES: Record<string, Tone | 'plain'> = { running: 'good', connecting: 'note', waiting: 'warn', scheduled: 'note', idle: 'plain', ended: 'plain' };

/** Where the stream is pushed on to, and where it is got from. */
export function SpreadTab({ room }: { room: Room }): JSX.Element {
  return (
    <div class="stack">
      <Relays room={room} />
      <Pulls room={room} />
    </div>
  );
}

/** How it does, with the cause in words where it does not. */
function State({ one }: { one: Relay | Pull }): JSX.Element {
  return (
    <span class="two-lines">
      <span>
        <Badge kind={TONES[one.state] ?? 'plain'} lamp>
          {t(`spread_${one.state}` as Key)}
        </Badge>
      </span>
      {one.cause && one.enabled && <small>{one.cause.detail}</small>}
      {one.nextAt && <small>{t('spread_next', { time: when(one.nextAt) })}</small>}
    </span>
  );
}

const Name = ({ one, address }: { one: Relay | Pull; address: string }): JSX.Element => (
  <span class="two-lines">
    <span>{one.name || address}</span>
    {one.name && <small class="mono">{address}</small>}
  </span>
);

function Relays({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const found = useRead(async (h, signal) => (await data(h.GET('/api/v1/rooms/{room}/relays', { params: { path: { room: room.id } }, signal }))).relays, [room.id], { every: 4000 });
  const [editing, setEditing] = useState<Relay | 'new' | null>(null);
  const path = (relay: string) => ({ path: { room: room.id, relay } });
  const turn = (one: Relay) => void data(http.PATCH('/api/v1/rooms/{room}/relays/{relay}', { params: path(one.id), body: { enabled: !one.enabled } })).then(() => found.read(), toastError);
  const remove = (one: Relay) =>
    void confirm({ title: t('relay_delete'), text: one.name || one.url, act: t('room_delete'), grave: true, run: async () => void (await data(http.DELETE('/api/v1/rooms/{room}/relays/{relay}', { params: path(one.id) }))) }).then((done) => void (done && found.read()));
  return (
    <Panel title={t('relays')} flush actions={<Button small onClick={() => setEditing('new')} testid="relay-add">{t('relay_add')}</Button>} testid="relays">
      <Table
        label={t('relays')}
        columns={[
          { key: 'name', label: t('spread_to'), priority: 1, cell: (one) => <Name one={one} address={one.url} /> },
          { key: 'state', label: t('rooms_status'), cell: (one) => <State one={one} /> },
          { key: 'bytes', label: t('spread_sent'), end: true, cell: (one) => size(one.bytes) },
        ]}
        {...tabled(found)}
        rowKey={(one) => one.id}
        rowName={(one) => one.name || one.url}
        actions={(one) => [
          { label: t('room_edit'), onSelect: () => setEditing(one) },
          { label: t(one.enabled ? 'switch_off' : 'switch_on'), onSelect: () => turn(one) },
          { label: t('room_delete'), onSelect: () => remove(one), grave: true, apart: true },
        ]}
        empty={<Empty title={t('relays_none')} small>{t('relays_none_text')}</Empty>}
      />
      {editing && <RelayDialog room={room} relay={editing === 'new' ? null : editing} onDone={() => void found.read()} onClose={() => setEditing(null)} />}
    </Panel>
  );
}

function RelayDialog({ room, relay, onDone, onClose }: { room: Room; relay: Relay | null; onDone(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { name: relay?.name ?? '', url: '', enabled: relay?.enabled ?? true },
    check: (v) => ({ url: !relay && v.url.trim() === '' ? t('fault_empty') : '' }),
    save: async (v) => {
      const url = v.url.trim() ? { url: v.url.trim() } : {};
      if (relay) await data(http.PATCH('/api/v1/rooms/{room}/relays/{relay}', { params: { path: { room: room.id, relay: relay.id } }, body: { ...url, ...(v.name !== relay.name ? { name: v.name } : {}), ...(v.enabled !== relay.enabled ? { enabled: v.enabled } : {}) } }));
      else await data(http.POST('/api/v1/rooms/{room}/relays', { params: { path: { room: room.id } }, body: { url: v.url.trim(), name: v.name, enabled: v.enabled } }));
    },
  });
  return (
    <Dialog title={t(relay ? 'relay_edit' : 'relay_add')} size="small" onClose={onClose} onSubmit={(ev) => void saved(form, ev, onDone, onClose)} busy={form.busy} testid="relay-dialog" actions={<Save busy={form.busy} onClose={onClose} />}>
      <Field {...form.field('name')} label={t('spread_name')} limit={{ max: 64, unit: 'bytes' }} optional />
      <Field {...form.field('url')} label={t('relay_url')} hint={t(relay ? 'relay_url_kept' : 'relay_url_hint')} placeholder={relay?.url ?? 'rtmps://…'} mono required={!relay} testid="relay-url" />
      <Switch {...form.field('enabled')} label={t('spread_on')} />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}

async function saved(form: Pick<Form<object>, 'submit'>, ev: Event, onDone: () => void, onClose: () => void): Promise<void> {
  if (!(await form.submit(ev))) return;
  toast(t('spread_saved'));
  onDone();
  onClose();
}

const Save = ({ busy, onClose }: { busy: boolean; onClose(): void }): JSX.Element => (
  <>
    <Button onClick={onClose} disabled={busy}>
      {t('cancel')}
    </Button>
    <Button type="submit" kind="main" busy={busy} testid="spread-save">
      {t('save')}
    </Button>
  </>
);

function Pulls({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const found = useRead(async (h, signal) => (await data(h.GET('/api/v1/rooms/{room}/pulls', { params: { path: { room: room.id } }, signal }))).pulls, [room.id], { every: 4000 });
  const [editing, setEditing] = useState<Pull | 'new' | null>(null);
  const path = (pull: string) => ({ path: { room: room.id, pull } });
  const turn = (one: Pull) => void data(http.PATCH('/api/v1/rooms/{room}/pulls/{pull}', { params: path(one.id), body: { enabled: !(one.enabled && one.state !== 'ended') } })).then(() => found.read(), toastError);
  const remove = (one: Pull) =>
    void confirm({ title: t('pull_delete'), text: one.name || one.url, act: t('room_delete'), grave: true, run: async () => void (await data(http.DELETE('/api/v1/rooms/{room}/pulls/{pull}', { params: path(one.id) }))) }).then((done) => void (done && found.read()));
  return (
    <Panel title={t('pulls')} flush actions={<Button small onClick={() => setEditing('new')} testid="pull-add">{t('pull_add')}</Button>} testid="pulls">
      <Table
        label={t('pulls')}
        columns={[
          { key: 'name', label: t('spread_of'), priority: 1, cell: (one) => <Name one={one} address={one.url || one.recording} /> },
          { key: 'state', label: t('rooms_status'), cell: (one) => <State one={one} /> },
          { key: 'when', label: t('rooms_when'), cell: (one) => (one.cron ? <span class="mono">{one.cron}</span> : one.startAt ? when(one.startAt) : t('pull_now')) },
          { key: 'bytes', label: t('spread_got'), end: true, cell: (one) => size(one.bytes) },
        ]}
        {...tabled(found)}
        rowKey={(one) => one.id}
        rowName={(one) => one.name || one.url}
        actions={(one) => [
          { label: t('room_edit'), onSelect: () => setEditing(one) },
          { label: t(one.enabled && one.state !== 'ended' ? 'switch_off' : 'switch_on'), onSelect: () => turn(one) },
          { label: t('room_delete'), onSelect: () => remove(one), grave: true, apart: true },
        ]}
        empty={<Empty title={t('pulls_none')} small>{t('pulls_none_text')}</Empty>}
      />
      {editing && <PullDialog room={room} pull={editing === 'new' ? null : editing} onDone={() => void found.read()} onClose={() => setEditing(null)} />}
    </Panel>
  );
}

interface PullForm {
  name: string;
  of: 'url' | 'recording';
  url: string;
  recording: string;
  kind: 'live' | 'vod';
  loop: boolean;
  startAt: string;
  cron: string;
  endAt: string;
  for: string; // minutes
  enabled: boolean;
}

const pullForm = (pull: Pull | null): PullForm => ({
  name: pull?.name ?? '', of: pull?.recording ? 'recording' : 'url', url: '', recording: pull?.recording ?? '', kind: pull?.kind ?? 'live', loop: pull?.loop ?? false,
  startAt: localTime(pull?.startAt), cron: pull?.cron ?? '', endAt: localTime(pull?.endAt), for: pull && secondsOf(pull.for) > 0 ? String(secondsOf(pull.for) / 60) : '', enabled: pull?.enabled ?? true,
});

function PullDialog({ room, pull, onDone, onClose }: { room: Room; pull: Pull | null; onDone(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const before = pullForm(pull);
  const form = useForm<PullForm>({
    initial: before,
    check: (v) => ({
      url: v.of === 'url' && v.url.trim() === '' && !pull?.url ? t('fault_empty') : '',
      recording: v.of === 'recording' && v.recording === '' ? t('fault_recording') : '',
      for: v.for.trim() === '' || /^\d{1,6}([.]\d+)?$/.test(v.for.trim()) ? '' : t('fault_number'),
    }),
    save: async (v) => {
      const source = v.of === 'recording' ? { recording: v.recording } : v.url.trim() ? { url: v.url.trim() } : {};
      const length = v.for.trim() ? `${Math.round(Number(v.for) * 60)}s` : '0s';
      const [startAt, endAt] = [serverTime(v.startAt), serverTime(v.endAt)];
      const params = { path: { room: room.id } };
      if (!pull) {
        const times = { ...(startAt ? { startAt } : {}), ...(endAt ? { endAt } : {}), ...(v.cron.trim() ? { cron: v.cron.trim() } : {}), ...(length !== '0s' ? { for: length } : {}) };
        await data(http.POST('/api/v1/rooms/{room}/pulls', { params, body: { ...source, ...times, name: v.name, enabled: v.enabled, ...(v.of === 'url' ? { kind: v.kind } : {}), ...(v.loop ? { loop: true } : {}) } }));
        return;
      }
      const changed = <K extends keyof PullForm>(...names: K[]) => names.some((name) => v[name] !== before[name]);
      await data(
        http.PATCH('/api/v1/rooms/{room}/pulls/{pull}', {
          params: { path: { room: room.id, pull: pull.id } },
          body: {
            ...(changed('recording', 'of') || v.of === 'url' ? source : {}), ...(changed('name') ? { name: v.name } : {}), ...(changed('enabled') ? { enabled: v.enabled } : {}), ...(changed('kind') ? { kind: v.kind } : {}),
            ...(changed('loop') ? { loop: v.loop } : {}), ...(changed('startAt') ? { startAt } : {}), ...(changed('endAt') ? { endAt } : {}), ...(changed('cron') ? { cron: v.cron.trim() } : {}), ...(changed('for') ? { for: length } : {}),
          },
        }),
      );
    },
  });
  const recordings = useRead(async (h, signal) => (await data(h.GET('/api/v1/recordings', { params: { query: { state: 'done', limit: 100 } }, signal }))).recordings, []);
  const v = form.values;
  return (
    <Dialog title={t(pull ? 'pull_edit' : 'pull_add')} size="middle" onClose={onClose} onSubmit={(ev) => void saved(form, ev, onDone, onClose)} busy={form.busy} testid="pull-dialog" actions={<Save busy={form.busy} onClose={onClose} />}>
      <Field {...form.field('name')} label={t('spread_name')} limit={{ max: 64, unit: 'bytes' }} optional />
      <Segmented label={t('pull_of')} labelShown value={v.of} onValue={(value) => form.set('of', value)} options={[{ value: 'url', label: t('playback_url') }, { value: 'recording', label: t('pull_recording') }]} />
      {v.of === 'url' ? (
        <>
          <Field {...form.field('url')} label={t('playback_url')} hint={t(pull ? 'relay_url_kept' : 'pull_url_hint')} placeholder={pull?.url ?? 'rtmp://…'} mono testid="pull-url" />
          <Select {...form.field('kind')} label={t('pull_kind')} options={[{ value: 'live', label: t('pull_live') }, { value: 'vod', label: t('pull_vod') }]} />
        </>
      ) : (
        <Select {...form.field('recording')} label={t('pull_recording')} options={[{ value: '', label: t('choose') }, ...(recordings.value ?? []).map((one) => ({ value: one.id, label: `${one.title || one.room} · ${when(one.startedAt ?? '')}` }))]} />
      )}
      {(v.of === 'recording' || v.kind === 'vod') && <Switch {...form.field('loop')} label={t('playback_loop')} />}
      <div class="form-grid">
        <Field {...form.field('startAt')} type="datetime-local" label={t('field_scheduled')} hint={t('pull_start_hint')} optional />
        <Field {...form.field('endAt')} type="datetime-local" label={t('field_end')} optional />
        <Field {...form.field('cron')} label={t('pull_cron')} hint={t('pull_cron_hint')} placeholder="0 20 * * 5" mono optional />
        <Field {...form.field('for')} inputMode="decimal" label={t('pull_for')} after={t('unit_min')} optional />
      </div>
      <Switch {...form.field('enabled')} label={t('spread_on')} />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
