import type { JSX } from 'preact';
import { data, type Http } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { tooLong } from '../design/limit.ts';
import { Segmented } from '../design/segmented.tsx';
import { toast } from '../design/toast.tsx';
import { useConsole } from './context.ts';
import { size } from './format.ts';
import type { Recording } from './recordings-model.ts';
import { t } from './server-texts.ts';

export const TITLE = { max: 120, unit: 'bytes' } as const;

/** Keeps a recording whatever its age, or not any more. */
export async function keepRecording(http: Http, one: Recording): Promise<Recording> {
  const after = await data(http.PATCH('/api/v1/recordings/{recording}', { params: { path: { recording: one.id } }, body: { keep: !one.keep } }));
  toast(t(after.keep ? 'recording_is_kept' : 'recording_not_kept'));
  return after;
}

/** Asks for a word that can't be typed by mistake before a recording is removed for good. */
export const removeRecording = (http: Http, one: Recording): Promise<boolean> =>
  confirm({
    title: t('recording_delete_title', { title: one.title || one.room }),
    text: t('recording_delete_text', { size: size(one.bytes) }),
    act: t('delete'),
    grave: true,
    typed: one.room,
    run: async () => void (await data(http.DELETE('/api/v1/recordings/{recording}', { params: { path: { recording: one.id } } }))),
  }).then((done) => {
    if (done) toast(t('recording_deleted'));
    return done;
  });

export function RenameDialog({ recording, onDone, onClose }: { recording: Recording; onDone(one: Recording): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { title: recording.title },
    check: (v) => ({ title: tooLong(v.title, TITLE) ? t('fault_long') : '' }),
    save: async (v) => onDone(await data(http.PATCH('/api/v1/recordings/{recording}', { params: { path: { recording: recording.id } }, body: { title: v.title.trim() } }))),
  });
  return (
    <Dialog
      title={t('rename_title')}
      size="small"
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="rename-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} disabled={!form.changed} testid="rename-save">
            {t('save')}
          </Button>
        </>
      }
    >
      <Field {...form.field('title')} label={t('recording_title')} limit={TITLE} testid="rename-to" />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}

/** Records a room from now on, or not any more, where its rule leaves that open. */
export function StartDialog({ room, onDone, onClose }: { room: string; onDone(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<{ room: string; act: 'start' | 'stop' }>({
    initial: { room, act: 'start' },
    check: (v) => ({ room: v.room.trim() === '' ? t('fault_empty') : '' }),
    save: async (v) => {
      const params = { path: { room: v.room.trim() } };
      if (v.act === 'start') await data(http.POST('/api/v1/rooms/{room}/recording/start', { params }));
      else await data(http.POST('/api/v1/rooms/{room}/recording/stop', { params }));
      toast(t(v.act === 'start' ? 'recording_started' : 'recording_stopped', { room: v.room.trim() }));
      onDone();
      onClose();
    },
  });
  return (
    <Dialog
      title={t('record_room')}
      size="small"
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="record-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} testid="record-go">
            {t(form.values.act === 'start' ? 'recording_start' : 'recording_stop')}
          </Button>
        </>
      }
    >
      <p>{t('record_room_text')}</p>
      <Field {...form.field('room')} mono label={t('room')} hint={t('room_id')} testid="record-room" />
      <Segmented label={t('record_act')} labelShown value={form.values.act} onValue={(act) => form.set('act', act)} options={[{ value: 'start', label: t('recording_start') }, { value: 'stop', label: t('recording_stop') }]} testid="record-act" />
      {form.error && <Callout kind="bad" testid="record-error">{form.error}</Callout>}
    </Dialog>
  );
}
