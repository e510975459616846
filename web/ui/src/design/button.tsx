import type { ComponentChildren, JSX, Ref, TargetedMouseEvent } from 'preact';
import { Spinner } from './spinner.tsx';
import { t } from './texts.ts';

/** `main`: the one thing a place is for. `quiet`: what else may be done. `grave`: what can't be taken back. `plain`: beside text. */
export type ButtonKind = 'main' | 'quiet' | 'grave' | 'plain';

export interface ButtonProps {
  children: ComponentChildren;
  kind?: ButtonKind;
  small?: boolean;
  wide?: boolean;
  icon?: JSX.Element;
  /** It is being done: stays where it is and keeps the focus, and is not pressed again. */
  busy?: boolean;
  disabled?: boolean;
  type?: 'button' | 'submit';
  /** Leads somewhere: a link that looks like the button. */
  href?: string;
  /** What it leads to is kept as a file. */
  download?: boolean;
  onClick?(ev: TargetedMouseEvent<HTMLElement>): void;
  /** Held down; for what turns something on and off. */
  pressed?: boolean;
  /** Id of the words that say why it is disabled or what it will do. */
  describedBy?: string;
  testid?: string;
  buttonRef?: Ref<HTMLButtonElement>;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, kind = 'quiet', small, wide, icon, busy = false, disabled = false, href, download, onClick, testid } = props;
  const name = ['button', `button-${kind}`, small && 'button-small', wide && 'button-wide'].filter(Boolean).join(' ');
  const inside = (
    <>
      {icon}
      <span class="button-words">{children}</span>
    </>
  );
  if (href !== undefined && !disabled) {
    return (
      <a class={name} href={href} download={download} onClick={onClick} aria-describedby={props.describedBy} data-testid={testid}>
        {inside}
      </a>
    );
  }
  return (
    <button
      ref={props.buttonRef}
      type={props.type ?? 'button'}
      class={name}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-pressed={props.pressed}
      aria-describedby={props.describedBy}
      data-testid={testid}
      onClick={(ev) => (busy ? ev.preventDefault() : onClick?.(ev))}
    >
      {inside}
      {busy && (
        <span class="button-busy">
          <Spinner />
          <span class="hidden">{t('busy')}</span>
        </span>
      )}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon' | 'wide' | 'href' | 'download' | 'type'> {
  /** What it does, in words: read out, and shown where a pointer rests. */
  label: string;
  icon: JSX.Element;
}

export function IconButton({ label, icon, kind = 'plain', small, busy = false, disabled = false, pressed, describedBy, onClick, testid, buttonRef }: IconButtonProps): JSX.Element {
  return (
    <button
      ref={buttonRef}
      type="button"
      class={`icon-button icon-button-${kind}${small ? ' icon-button-small' : ''}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-pressed={pressed}
      aria-describedby={describedBy}
      data-testid={testid}
      onClick={(ev) => (busy ? ev.preventDefault() : onClick?.(ev))}
    >
      {busy ? <Spinner /> : icon}
    </button>
  );
}
