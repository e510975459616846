import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { useForm, type Form } from '../design/form.ts';
import { Select } from '../design/select.tsx';
import { Checkbox, Switch } from '../design/switch.tsx';
import { ASKED, draftOf, emptyReceiver, eventKey, faultsOf, formOf, FORMATS, patchOf, TOLD, turnedEvent, wants, type Receiver, type ReceiverForm } from './callbacks-model.ts';
import { useConsole } from './context.ts';
import { t } from './server-texts.ts';

/** Adds a receiver, or changes one. */
export function ReceiverDialog({ receiver, onDone, onClose }: { receiver: Receiver | null; onDone(one: Receiver): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const [before] = useState(() => (receiver ? formOf(receiver) : emptyReceiver));
  const form = useForm<ReceiverForm>({
    initial: before,
    check: (v) => Object.fromEntries(Object.entries(faultsOf(v, !receiver)).map(([field, key]) => [field, t(key)])),
    save: async (v) =>
      onDone(
        await (receiver
          ? data(http.PATCH('/api/v1/callbacks/{callback}', { params: { path: { callback: receiver.id } }, body: patchOf(before, v) }))
          : data(http.POST('/api/v1/callbacks', { body: draftOf(v) }))),
      ),
  });
  const v = form.values;
  return (
    <Dialog
      title={receiver ? t('callback_edit_title', { id: receiver.id }) : t('callback_new')}
      size="large"
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="callback-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} disabled={receiver !== null && !form.changed} testid="callback-save">
            {t('save')}
          </Button>
        </>
      }
    >
      <div class="form-grid">
        <div class="form-wide">
          <Field {...form.field('url')} type="url" mono label="URL" hint={t('callback_url_hint')} required testid="callback-url" />
        </div>
        {!receiver && (
          <>
            <Select
              {...form.field('format')}
              onValue={(format) => {
                form.set('format', format);
                form.set('events', ['*']);
              }}
              label={t('callback_format')}
              hint={t(`format_${v.format}_hint`)}
              options={FORMATS.map((value) => ({ value, label: t(`format_${value}`) }))}
              testid="callback-format"
            />
            <Field {...form.field('id')} mono label={t('callback_id')} hint={t('callback_id_hint')} optional testid="callback-id" />
          </>
        )}
      </div>
      <Events form={form} />
      <div class="form-grid">
        <Field {...form.field('key')} mono label={t('callback_key')} hint={t(receiver?.hasKey ? 'callback_key_kept' : 'callback_key_hint')} optional testid="callback-key" />
        <Select {...form.field('retry')} label={t('callback_retry')} hint={t('callback_retry_hint')} options={(['stored', 'tencent', 'tencent_on_timeout'] as const).map((value) => ({ value, label: t(`retry_${value}`) }))} />
        {ASKED[v.format].length > 0 && (
          <Select {...form.field('onFailure')} label={t('callback_failure')} hint={t('callback_failure_hint')} options={(['deliver', 'reject'] as const).map((value) => ({ value, label: t(`failure_${value}`) }))} />
        )}
        {receiver?.hasKey && <Switch {...form.field('unsign')} label={t('callback_unsign')} hint={t('callback_unsign_hint')} />}
      </div>
      {form.error && (
        <Callout kind="bad" testid="callback-error">
          {form.error}
        </Callout>
      )}
    </Dialog>
  );
}

function Events({ form }: { form: Form<ReceiverForm> }): JSX.Element {
  const { format, events } = form.values;
  const { error } = form.field('events');
  const box = (event: string) => (
    <Checkbox key={event} label={`${t(eventKey(event))} · ${event}`} value={wants(events, format, event)} onValue={() => form.set('events', turnedEvent(events, format, event))} testid={`event-${event}`} />
  );
  return (
    <>
      <fieldset class="choices events">
        <legend class="field-label">{t('callback_told')}</legend>
        <Checkbox label={t('event_all')} value={events.includes('*')} some={!events.includes('*') && TOLD[format].some((event) => events.includes(event))} onValue={() => form.set('events', turnedEvent(events, format, '*'))} testid="event-all" />
        {TOLD[format].length > 1 && <div class="events-list">{TOLD[format].map(box)}</div>}
      </fieldset>
      {ASKED[format].length > 0 && (
        <fieldset class="choices events">
          <legend class="field-label">{t('callback_asked')}</legend>
          <p class="field-hint">{t('callback_asked_hint')}</p>
          <div class="events-list">{ASKED[format].map(box)}</div>
        </fieldset>
      )}
      {error && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
