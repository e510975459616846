import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Close } from '../components/icons.tsx';
import { IconButton } from './button.tsx';
import { t } from './texts.ts';

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Buttons along the bottom, the one that matters last. */
  actions?: ComponentChildren;
  /** Called once, when it was closed: by Escape, the cross, or beside it. Take the dialog out then. */
  onClose(): void;
  /** Sends what is in it: the dialog is a form then, and Enter in a field sends. */
  onSubmit?(ev: TargetedSubmitEvent<HTMLFormElement>): void;
  size?: 'small' | 'middle' | 'large';
  /** Something is going on that must not be lost: it can't be closed until that is done. */
  busy?: boolean;
  role?: 'dialog' | 'alertdialog';
  /** Id of the words that say what it is about. */
  describedBy?: string;
  testid?: string;
}

/** A window over the page, open as long as it is drawn; on phones a sheet from below. The focus goes back where it was. */
export function Dialog({ title, children, actions, onClose, onSubmit, size = 'middle', busy = false, role, describedBy, testid }: DialogProps): JSX.Element {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const pressedBeside = useRef(false);
  const taken = useRef(false);
  useLayoutEffect(() => {
    const el = dialog.current as HTMLDialogElement;
    el.showModal();
    return () => {
      taken.current = true; // its owner took it out and knows
      el.close(); // gives the focus back
    };
  }, []);
  const close = () => !busy && dialog.current?.close();
  const inside = (
    <>
      <header class="dialog-top">
        <h2 id={id}>{title}</h2>
        <IconButton label={t('close')} icon={<Close />} onClick={close} disabled={busy} testid="dialog-close" />
      </header>
      <div class="dialog-body">{children}</div>
      {actions && <footer class="dialog-actions">{actions}</footer>}
    </>
  );
  return (
    <dialog
      ref={dialog}
      class={`dialog dialog-${size}`}
      role={role}
      aria-labelledby={id}
      aria-describedby={describedBy}
      aria-busy={busy || undefined}
      data-testid={testid}
      onCancel={(ev) => busy && ev.target === ev.currentTarget && ev.preventDefault()}
      onClose={(ev) => {
        if (ev.target === ev.currentTarget && !taken.current) onClose();
      }}
      onPointerDown={(ev) => (pressedBeside.current = ev.target === ev.currentTarget)}
      onClick={(ev) => ev.target === ev.currentTarget && pressedBeside.current && close()}
    >
      {onSubmit ? (
        <form class="dialog-inside" onSubmit={onSubmit} noValidate>
          {inside}
        </form>
      ) : (
        <div class="dialog-inside">{inside}</div>
      )}
    </dialog>
  );
}
