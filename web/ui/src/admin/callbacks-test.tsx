import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Select } from '../design/select.tsx';
import { eventKey, OUTCOMES, tookOf, triable, type Receiver } from './callbacks-model.ts';
import { useConsole } from './context.ts';
import { useDoing } from './doing.ts';
import { t } from './server-texts.ts';

/** Sends an example of an event, and shows what was answered. */
export function TestDialog({ receiver, onClose, onDone }: { receiver: Receiver; onClose(): void; onDone?(): void }): JSX.Element {
  const { http } = useConsole();
  const events = triable(receiver);
  const [event, setEvent] = useState(events[0] ?? '');
  const [found, setFound] = useState<Schemas['CallbackTest'] | null>(null);
  const doing = useDoing();
  const fire = () =>
    doing.run('test', async () => {
      setFound(null);
      setFound(await data(http.POST('/api/v1/callbacks/{callback}/test', { params: { path: { callback: receiver.id } }, body: { event } })));
      onDone?.();
    });
  return (
    <Dialog
      title={t('callback_test_title', { id: receiver.id })}
      onClose={onClose}
      onSubmit={(ev) => {
        ev.preventDefault();
        void fire();
      }}
      testid="test-dialog"
      actions={
        <>
          <Button onClick={onClose}>{t('close')}</Button>
          <Button type="submit" kind="main" busy={doing.what !== ''} testid="test-fire">
            {t('callback_fire')}
          </Button>
        </>
      }
    >
      <p>{t('callback_test_text')}</p>
      <Select label={t('event')} value={event} onValue={setEvent} options={events.map((value) => ({ value, label: `${t(eventKey(value))} · ${value}` }))} testid="test-event" />
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      {found && (
        <div role="status" data-testid="test-answer" data-outcome={found.outcome}>
          <Callout kind={OUTCOMES[found.outcome]} title={`${t(`outcome_${found.outcome}`)}${found.status ? ` · HTTP ${found.status}` : ''} · ${tookOf(found.took)}`}>
            {found.why}
          </Callout>
          {found.answer && <pre class="body-text" tabIndex={0} aria-label={t('callback_answer')}>{found.answer}</pre>}
        </div>
      )}
    </Dialog>
  );
}
