import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { errorKey } from '../chat/errors.ts';
import { t, type Key } from '../i18n/parts.ts';
import '../styles/dialogs.css';

const NICK_MAX = 20; // characters; the server takes 60 bytes, which are 20 Chinese ones

export interface NickDialogProps {
  initial: string;
  /** Another name for who has one. */
  renaming: boolean;
  /** Takes the name; what it throws is told in words and the dialog stays. */
  onName(nick: string): Promise<void>;
  onClose(): void;
}

/** Asks what a person wants to be called, the first time they speak. */
export function NickDialog({ initial, renaming, onName, onClose }: NickDialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [nick, setNick] = useState(initial);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Key | null>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const submit = async (ev: Event) => {
    ev.preventDefault();
    const name = nick.trim();
    if (name === '' || busy) return;
    setBusy(true);
    setError(null);
    try {
      await onName(name);
      dialog.current?.close();
    } catch (err) {
      setError(errorKey(err));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="nick-dialog" aria-labelledby="nick-title" onClose={onClose} data-testid="nick-dialog">
      <form onSubmit={(ev) => void submit(ev)}>
        <h2 id="nick-title">{t('nick_title')}</h2>
        <p>{t('nick_text')}</p>
        <label>
          {t('nick_label')}
          <input
            type="text"
            name="nickname"
            autocomplete="nickname"
            maxLength={NICK_MAX}
            required
            value={nick}
            onInput={(ev) => setNick(ev.currentTarget.value)}
            data-testid="nick-input"
          />
        </label>
        <p class="form-error" role="alert">
          {error && t(error)}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button button-quiet" onClick={() => dialog.current?.close()}>
            {t('nick_cancel')}
          </button>
          <button type="submit" class="button" disabled={busy} data-testid="nick-ok">
            {t(renaming ? 'nick_save' : 'nick_ok')}
          </button>
        </div>
      </form>
    </dialog>
  );
}
