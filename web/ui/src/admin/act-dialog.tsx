import type { JSX } from 'preact';
import { data, type Http, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { tooLong } from '../design/limit.ts';
import { Segmented } from '../design/segmented.tsx';
import { Select } from '../design/select.tsx';
import { Switch } from '../design/switch.tsx';
import { toast } from '../design/toast.tsx';
import { when } from '../i18n/index.ts';
import { spanOf } from './format.ts';
import { useConsole, useRead } from './context.ts';
import { grave, type Act } from './room-acts.ts';
import { localTime, serverTime } from './room-form.ts';
import { t } from './texts.ts';

interface Entry {
  reason: string;
  until: string;
  of: 'recording' | 'url';
  recording: string;
  url: string;
  loop: boolean;
}

const REASON = { max: 200, unit: 'bytes' } as const;

/** Asks what an act needs, does it, and says what came of it. */
export function ActDialog({ act, room, onDone, onClose }: { act: Act; room: { id: string; title: string }; onDone(record: Schemas['Record']): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<Entry>({
    initial: { reason: '', until: '', of: 'recording', recording: '', url: '', loop: false },
    check: (v) => ({
      reason: tooLong(v.reason, REASON) ? t('fault_long') : '',
      until: v.until !== '' && !(Date.parse(v.until) > Date.now()) ? t('fault_past') : '',
      recording: act === 'playback' && v.of === 'recording' && v.recording === '' ? t('fault_recording') : '',
      url: act === 'playback' && v.of === 'url' && v.url.trim() === '' ? t('fault_empty') : '',
    }),
    save: async (v) => onDone(await send(http, act, room.id, v)),
    names: { recordings: 'recording', until: 'until' },
  });
  const submit = async (ev: Event) => {
    if (!(await form.submit(ev))) return;
    toast(t(`done_${act}`, { room: room.title || room.id }));
    onClose();
  };
  return (
    <Dialog
      title={t(`act_${act}_title`, { room: room.title || room.id })}
      size="small"
      onClose={onClose}
      onSubmit={(ev) => void submit(ev)}
      busy={form.busy}
      testid="act-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind={grave(act) ? 'grave' : 'main'} busy={form.busy} testid="act-go">
            {t(`act_${act}`)}
          </Button>
        </>
      }
    >
      <p>{t(`act_${act}_text`)}</p>
      {act === 'playback' && <What form={form} room={room.id} />}
      {(act === 'forbid' || act === 'playback') && (
        <Field {...form.field('until')} type="datetime-local" label={t(act === 'forbid' ? 'forbid_until' : 'playback_until')} hint={t(act === 'forbid' ? 'forbid_until_hint' : 'playback_until_hint')} min={localTime(new Date().toISOString())} optional testid="act-until" />
      )}
      <Field {...form.field('reason')} label={t('reason')} hint={t('reason_hint')} limit={REASON} optional testid="act-reason" />
      {form.error && <Callout kind="bad" testid="act-error">{form.error}</Callout>}
    </Dialog>
  );
}

/** What is played back: a recording of the room, or an address. */
function What({ form, room }: { form: ReturnType<typeof useForm<Entry>>; room: string }): JSX.Element {
  const recordings = useRead(
    async (http, signal) => (await data(http.GET('/api/v1/recordings', { params: { query: { room, state: 'done', limit: 50 } }, signal }))).recordings,
    [room],
  );
  const { value } = recordings;
  const of = form.values.of;
  return (
    <>
      <Segmented label={t('playback_of')} labelShown {...omitError(form.field('of'))} options={[{ value: 'recording', label: t('playback_recording') }, { value: 'url', label: t('playback_url') }]} testid="playback-of" />
      {of === 'recording' ? (
        <>
          <Select
            {...form.field('recording')}
            label={t('playback_recording')}
            hint={value?.length === 0 ? t('playback_none') : undefined}
            options={[{ value: '', label: value ? t('choose') : t('asking') }, ...(value ?? []).map((one) => ({ value: one.id, label: `${one.title || room} · ${when(one.startedAt ?? '')} · ${spanOf(one.duration)}` }))]}
            testid="playback-recording"
          />
          <Switch {...form.field('loop')} label={t('playback_loop')} hint={t('playback_loop_hint')} />
        </>
      ) : (
        <Field {...form.field('url')} type="url" mono label={t('playback_url')} hint={t('playback_url_hint')} testid="playback-url" />
      )}
    </>
  );
}

const omitError = <T extends { error: string; name: string }>({ error: _, name: __, ...rest }: T): Omit<T, 'error' | 'name'> => rest;

function send(http: Http, act: Act, room: string, v: Entry): Promise<Schemas['Record']> {
  const params = { path: { room } };
  const reason = v.reason.trim() ? { reason: v.reason.trim() } : {};
  const until = serverTime(v.until) ? { until: serverTime(v.until) as string } : {};
  switch (act) {
    case 'pause':
      return data(http.POST('/api/v1/rooms/{room}/pause', { params, body: reason }));
    case 'resume':
      return data(http.POST('/api/v1/rooms/{room}/resume', { params, body: reason }));
    case 'end':
      return data(http.POST('/api/v1/rooms/{room}/end', { params, body: reason }));
    case 'reopen':
      return data(http.POST('/api/v1/rooms/{room}/reopen', { params, body: reason }));
    case 'drop':
      return data(http.POST('/api/v1/rooms/{room}/drop', { params, body: reason }));
    case 'permit':
      return data(http.POST('/api/v1/rooms/{room}/permit', { params, body: reason }));
    case 'forbid':
      return data(http.POST('/api/v1/rooms/{room}/forbid', { params, body: { ...reason, ...until } }));
    case 'playback':
      return data(http.POST('/api/v1/rooms/{room}/playback', { params, body: { ...reason, ...until, ...(v.of === 'url' ? { url: v.url.trim() } : { recording: v.recording, ...(v.loop ? { loop: true } : {}) }) } }));
  }
}
