import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Close, Tick } from '../components/icons.tsx';
import { Stop } from './icons.tsx';
import { Button, IconButton } from './button.tsx';
import { errorWords } from './errors.ts';
import { t } from './texts.ts';

export interface ToastOptions {
  kind?: 'good' | 'bad';
  /** A way back or on; the toast stays longer with one. */
  action?: { label: string; run(): void };
  /** The usual way back: an action called Undo. */
  undo?(): void;
}

interface Toast {
  id: number;
  text: string;
  kind: 'good' | 'bad' | undefined;
  action: { label: string; run(): void } | undefined;
}

const MOST = 4;
const STAYS = 6_000;
const STAYS_WITH_ACTION = 12_000;

let newest = 0;
const toasts = signal<readonly Toast[]>([]);

/** Says in passing that something was done. What failed and needs an answer stands beside the thing instead; a bad toast stays until it is closed. */
export function toast(text: string, options: ToastOptions = {}): void {
  const { undo, action = undo && { label: t('undo'), run: undo }, kind } = options;
  toasts.value = [...toasts.value, { kind, action, text, id: ++newest }].slice(-MOST);
}

/** Tells of a failure that has no place of its own. */
export const toastError = (err: unknown): void => toast(errorWords(err), { kind: 'bad' });

const drop = (id: number): void => {
  toasts.value = toasts.value.filter((one) => one.id !== id);
};

/** Where toasts appear: once on a page; Frame holds it. Read out politely, and over dialogs too. */
export function Toasts(): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const all = toasts.value;
  const last = all.at(-1);
  useEffect(() => {
    const el = place.current;
    if (!el || !last) return;
    if (el.matches(':popover-open')) el.hidePopover();
    el.showPopover(); // anew, so that it is above a dialog that was opened since
  }, [last]);
  return (
    <>
      <p class="hidden" role="status" data-testid="toast-said">
        {last?.text}
      </p>
      <div ref={place} class="toasts" popover="manual" role="region" aria-label={t('messages')}>
        {all.map((one) => (
          <One key={one.id} toast={one} />
        ))}
      </div>
    </>
  );
}

function One({ toast: { id, text, kind, action } }: { toast: Toast }): JSX.Element {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held || kind === 'bad') return;
    const timer = setTimeout(() => drop(id), action ? STAYS_WITH_ACTION : STAYS);
    return () => clearTimeout(timer);
  }, [held, kind, action, id]);
  return (
    <div
      class={`toast${kind ? ` toast-${kind}` : ''}`}
      data-testid="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusCapture={() => setHeld(true)}
      onBlurCapture={() => setHeld(false)}
    >
      {kind === 'bad' ? <Stop /> : <Tick />}
      <p>{text}</p>
      {action && (
        <Button
          kind="plain"
          small
          testid="toast-action"
          onClick={() => {
            drop(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton label={t('close')} icon={<Close />} small onClick={() => drop(id)} testid="toast-close" />
    </div>
  );
}
