import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Tick } from '../components/icons.tsx';
import { Code, Copy, Eye, EyeOff } from './icons.tsx';
import { IconButton } from './button.tsx';
import { t } from './texts.ts';

export interface CopyFieldProps {
  label: string;
  value: string;
  hint?: ComponentChildren;
  /** Whoever looks over the shoulder does not read it: hidden until asked for, and copied without. */
  secret?: boolean;
  /** Drawn below on demand: a QR code of the value, called as given. */
  qr?: (label: string) => JSX.Element;
  testid?: string;
}

const SHOWN_FOR = 2_000;

/** Something to take away: an address, a key, a line for the terminal. */
export function CopyField({ label, value, hint, secret = false, qr, testid }: CopyFieldProps): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(!secret);
  const [withQr, setWithQr] = useState(false);
  const [state, setState] = useState<'' | 'copied' | 'failed'>('');
  useEffect(() => setState(''), [value]);
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState(''), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    const done = await toClipboard(value);
    setState(done ? 'copied' : 'failed');
    if (done) return;
    setShown(true);
    requestAnimationFrame(() => input.current?.select());
  };
  return (
    <div class="field copy" data-state={state || undefined} data-testid={testid}>
      <div class="field-top">
        <label class="field-label" for={id}>
          {label}
        </label>
        <small class="copy-said" role="status">
          {state === 'copied' && t('copied')}
        </small>
      </div>
      <div class="control control-mono">
        <input ref={input} id={id} type={(shown ? 'text' : 'password') as 'text'} value={value} readOnly autocomplete="off" aria-describedby={hint ? `${id}-hint` : undefined} onFocus={(ev) => ev.currentTarget.select()} data-testid={testid && `${testid}-value`} />
        {secret && <IconButton label={`${t(shown ? 'hide' : 'show')}: ${label}`} icon={shown ? <EyeOff /> : <Eye />} onClick={() => setShown(!shown)} testid={testid && `${testid}-show`} />}
        {qr && <IconButton label={`${t('qr')}: ${label}`} icon={<Code />} pressed={withQr} onClick={() => setWithQr(!withQr)} testid={testid && `${testid}-qr`} />}
        <IconButton label={t('copy_whole', { what: label })} icon={state === 'copied' ? <Tick /> : <Copy />} onClick={() => void copy()} testid={testid && `${testid}-copy`} />
      </div>
      {qr && withQr && (
        <div class="copy-qr">{qr(t('qr_of', { what: label }))}</div>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p class="field-error" role="alert">
        {state === 'failed' && t('copy_failed')}
      </p>
    </div>
  );
}

/** Pages without TLS have no clipboard but the old way, which some browsers refuse. */
export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return oldWay(text);
  }
}

function oldWay(text: string): boolean {
  const before = document.activeElement as HTMLElement | null;
  const area = document.createElement('textarea');
  area.className = 'hidden';
  area.value = text;
  (before?.closest('dialog') ?? document.body).append(area); // outside of an open dialog nothing can be selected
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    before?.focus();
  }
}
