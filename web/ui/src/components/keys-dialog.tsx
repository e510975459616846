import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { t, type Key } from '../i18n/parts.ts';
import { keysOn, setKeysOn } from '../lib/keys.ts';
import { Close } from './icons.tsx';
import '../styles/panels.css';
import '../styles/people.css';

const KEYS: [string[], Key][] = [
  [['M'], 'keys_sound'],
  [['F'], 'keys_full'],
  [['P'], 'pip'],
  [['D'], 'keys_flying'],
  [['I'], 'figures'],
  [['C'], 'keys_chat'],
  [['L'], 'back_to_live'],
  [['K'], 'keys_pause'],
  [['←', '→'], 'keys_seek'],
  [['@'], 'keys_mention'],
  [['Esc'], 'keys_close'],
  [['?'], 'keys_help'],
];

/** What each key does, and whether they do it. */
export function KeysDialog({ onClose }: { onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="keys-title" onClose={onClose} onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()} data-testid="keys">
      <div class="sheet-inside">
        <header class="sheet-top">
          <h2 id="keys-title">{t('keys')}</h2>
          <button type="button" class="sheet-close" aria-label={t('close')} onClick={() => dialog.current?.close()}>
            <Close />
          </button>
        </header>
        <dl class="keys">
          {KEYS.map(([keys, say]) => (
            <div key={say}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{t(say)}</dd>
            </div>
          ))}
        </dl>
        <label class="panel-line keys-on">
          <span>{t('keys_on')}</span>
          <input type="checkbox" role="switch" checked={keysOn.value} onChange={(ev) => setKeysOn(ev.currentTarget.checked)} data-testid="keys-on" />
        </label>
      </div>
    </dialog>
  );
}
