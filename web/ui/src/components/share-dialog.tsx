import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/parts.ts';
import { Close, Share, Tick } from './icons.tsx';
import { QrCode } from './qr-code.tsx';
import '../styles/people.css';
import '../styles/share.css';

/** How to bring others here: the link, by the device's own way or a camera, and the code for a page of one's own. */
export function ShareDialog({ room, title, onClose }: { room: string; title: string; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const at = (path: string) => `${location.origin}/${path}/${encodeURIComponent(room)}`;
  const link = at('rooms');
  const embed = `<iframe src="${at('embed')}" width="960" height="540" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
  return (
    <dialog ref={dialog} class="sheet share" aria-labelledby="share-title" onClose={onClose} onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()} data-testid="share">
      <div class="sheet-inside">
        <header class="sheet-top">
          <h2 id="share-title">{t('share')}</h2>
          <button type="button" class="sheet-close" aria-label={t('close')} onClick={() => dialog.current?.close()}>
            <Close />
          </button>
        </header>
        <div class="share-qr">
          <QrCode text={link} label={t('share_qr')} />
        </div>
        <Copied label={t('share_link')} text={link} testid="share-link" />
        {'share' in navigator && (
          <button type="button" class="button share-device" onClick={() => void navigator.share({ title, url: link }).catch(() => {}) /* sent, or thought better of */} data-testid="share-device">
            <Share /> {t('share_device')}
          </button>
        )}
        <Copied label={t('share_embed')} text={embed} testid="share-embed" />
      </div>
    </dialog>
  );
}

/** A text that is there to be copied. */
function Copied({ label, text, testid }: { label: string; text: string; testid: string }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [done, setDone] = useState<'' | 'share_copied' | 'share_by_hand'>('');
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      setDone('share_copied');
    } catch {
      setDone('share_by_hand'); // no secure context, or forbidden: it is selected
    }
  };
  return (
    <div class="copied">
      <label>
        <span>{label}</span>
        <input ref={field} type="text" readOnly value={text} onFocus={(ev) => ev.currentTarget.select()} data-testid={testid} />
      </label>
      <button type="button" class="button button-quiet" onClick={() => void copy()} aria-label={`${t('share_copy')}: ${label}`} data-testid={`${testid}-copy`}>
        {done === 'share_copied' ? <Tick /> : null} {t('share_copy')}
      </button>
      <p class="share-done" role="status" data-testid={`${testid}-done`}>
        {done && t(done)}
      </p>
    </div>
  );
}
