import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { More } from '../components/icons.tsx';
import { Button, IconButton, type ButtonProps } from './button.tsx';
import { moved } from './tabs.tsx';

export interface MenuItem {
  label: string;
  onSelect(): void;
  icon?: JSX.Element;
  /** It can't be taken back. */
  grave?: boolean;
  disabled?: boolean;
  /** A line stands above it. */
  apart?: boolean;
  testid?: string;
}

export interface MenuProps {
  /** Of the button; read out where only an icon is seen. */
  label: string;
  items: readonly MenuItem[];
  /** Seen as a button with these words, else as three points. */
  button?: Omit<ButtonProps, 'children' | 'onClick' | 'buttonRef'>;
  small?: boolean;
  disabled?: boolean;
  testid?: string;
}

const GAP = 4;

/** What may be done, behind a button. A popover: closed by Escape, Tab or beside it; arrows, Home, End and first letters go through it. */
export function Menu({ label, items, button, small, disabled, testid }: MenuProps): JSX.Element {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? [])];
  const show = (at: number) => {
    list.current?.showPopover();
    place(opener.current, list.current);
    entries().at(at)?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const follow = () => place(opener.current, list.current);
    addEventListener('scroll', follow, true);
    addEventListener('resize', follow);
    return () => {
      removeEventListener('scroll', follow, true);
      removeEventListener('resize', follow);
    };
  }, [open]);
  useEffect(() => {
    const el = opener.current;
    el?.setAttribute('aria-haspopup', 'menu');
    el?.setAttribute('aria-expanded', String(open));
    if (open) el?.setAttribute('aria-controls', id);
    else el?.removeAttribute('aria-controls');
  }, [open, id]);

  const onOpenerKey = (ev: TargetedKeyboardEvent<HTMLElement>) => {
    if (ev.target !== opener.current || (ev.key !== 'ArrowDown' && ev.key !== 'ArrowUp')) return;
    ev.preventDefault();
    if (!opener.current?.disabled) show(ev.key === 'ArrowUp' ? -1 : 0);
  };
  const onListKey = (ev: TargetedKeyboardEvent<HTMLElement>) => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    ev.stopPropagation(); // keys within are not the page's
    if (ev.key === 'Tab') return list.current?.hidePopover();
    const next = /^.$/u.test(ev.key) && ev.key !== ' ' ? startingWith(all, at, ev.key) : moved(ev.key, at, all.length);
    if (next === null || ev.key === 'ArrowLeft' || ev.key === 'ArrowRight') return;
    ev.preventDefault();
    all[next]?.focus();
  };
  const press = () => (open ? list.current?.hidePopover() : show(0));
  return (
    <span class="menu-place" onKeyDown={onOpenerKey}>
      {button ? (
        <Button {...button} disabled={disabled} buttonRef={opener} onClick={press} testid={testid}>
          {label}
        </Button>
      ) : (
        <IconButton label={label} icon={<More />} small={small} disabled={disabled} buttonRef={opener} onClick={press} testid={testid} />
      )}
      <div
        ref={list}
        id={id}
        class="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        onKeyDown={onListKey}
        onToggle={(ev) => setOpen((ev as unknown as { newState: string }).newState === 'open')}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={[item.grave && 'menu-grave', item.apart && 'menu-apart'].filter(Boolean).join(' ') || undefined}
            disabled={item.disabled}
            data-testid={item.testid}
            onClick={() => {
              list.current?.hidePopover();
              opener.current?.focus(); // before it acts: a dialog gives the focus back to here
              item.onSelect();
            }}
          >
            {item.icon ?? <span class="icon" aria-hidden="true" />}
            {item.label}
          </button>
        ))}
      </div>
    </span>
  );
}

/** The next entry that begins with a letter, around. */
function startingWith(all: readonly HTMLElement[], at: number, letter: string): number | null {
  const wanted = letter.toLocaleLowerCase();
  for (let step = 1; step <= all.length; step++) {
    const i = (at + step + all.length) % all.length;
    if ((all[i] as HTMLElement).textContent.trim().toLocaleLowerCase().startsWith(wanted)) return i;
  }
  return null;
}

/** Under the opener, its end at the opener's end; above it or further in where there is no room. */
function place(opener: HTMLElement | null, list: HTMLElement | null): void {
  if (!opener || !list) return;
  const at = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = at.bottom + GAP;
  const top = below + height <= innerHeight ? below : Math.max(GAP, at.top - GAP - height);
  const left = Math.min(Math.max(GAP, at.right - width), innerWidth - width - GAP);
  list.style.setProperty('--menu-top', `${top}px`);
  list.style.setProperty('--menu-left', `${left}px`);
}
