import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { StatusRecord } from '../api/types.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { t, type AnchorKey } from './texts.ts';
import { scene } from '../status/record.ts';
import type { Desk } from './desk.ts';
import { offered, type Drive } from './drive.ts';

/** What the anchor may make of the room now. Ending asks first: viewers go home. */
export function DriveBar({ desk }: { desk: Desk }): JSX.Element | null {
  const record = desk.record.value;
  const [busy, setBusy] = useState<Drive | null>(null);
  const [error, setError] = useState('');
  const [ending, setEnding] = useState(false);
  if (!record) return null;
  const drive = async (act: Drive, reason = ''): Promise<void> => {
    setBusy(act);
    setError('');
    try {
      await desk.drive(act, reason);
    } catch (err) {
      setError(errorWords(err));
      throw err;
    } finally {
      setBusy(null);
    }
  };
  return (
    <div class="drive" data-testid="drive" data-scene={scene(record)}>
      <div class="drive-buttons" role="group" aria-label={t('drive')}>
        {offered(record).map((act, i) => (
          <Button
            key={act}
            kind={act !== 'end' ? (i === 0 ? 'main' : 'quiet') : onAir(record) ? 'grave' : 'quiet'}
            busy={busy === act}
            onClick={() => (act === 'end' && onAir(record) ? setEnding(true) : void drive(act).catch(() => {}))}
            testid={`drive-${act}`}
          >
            {t(wordOf(act, record))}
          </Button>
        ))}
      </div>
      <p class="drive-hint">{t(`hint_${scene(record)}`)}</p>
      {error && (
        <Callout kind="bad" testid="drive-error">
          {error}
        </Callout>
      )}
      {ending && <EndDialog onClose={() => setEnding(false)} onEnd={(reason) => drive('end', reason)} />}
    </div>
  );
}

const onAir = (record: StatusRecord): boolean => record.name === 'live' || record.name === 'paused';

/** What ending is called: of a live, of one that has not begun, of a playback. */
function wordOf(act: Drive, record: StatusRecord): AnchorKey {
  if (act !== 'end' || onAir(record)) return `drive_${act}`;
  return record.name === 'playback' ? 'drive_stop' : 'drive_close';
}

const REASON_BYTES = 200;

function EndDialog({ onClose, onEnd }: { onClose(): void; onEnd(reason: string): Promise<void> }): JSX.Element {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const end = async (ev: Event) => {
    ev.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await onEnd(reason.trim());
      onClose();
    } catch (err) {
      setError(errorWords(err));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t('end_title')}
      size="small"
      role="alertdialog"
      busy={busy}
      onClose={onClose}
      onSubmit={(ev) => void end(ev)}
      testid="end-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="grave" busy={busy} testid="end-act">
            {t('drive_end')}
          </Button>
        </>
      }
    >
      <p>{t('end_text')}</p>
      <Field label={t('end_reason')} hint={t('end_reason_hint')} optional value={reason} onValue={setReason} limit={{ max: REASON_BYTES, unit: 'bytes' }} testid="end-reason" />
      {error && <Callout kind="bad">{error}</Callout>}
    </Dialog>
  );
}
