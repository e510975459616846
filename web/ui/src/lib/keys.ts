import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { store } from './storage.ts';

/** Single keys do things all over the page. Who speaks to the device, or hits keys by accident, may switch them off. */
export const keysOn = signal(store.read('keys') !== 'off');

export function setKeysOn(on: boolean): void {
  keysOn.value = on;
  store.write('keys', on ? null : 'off');
}

const TYPING = 'input:not([type=range], [type=radio], [type=checkbox], [type=file]), textarea, select, [contenteditable]';

/** Whether a key is nobody else's: not part of a text, of a choice of the input method, of a shortcut of the browser, or of a window. */
export function isFree(ev: KeyboardEvent): boolean {
  if (ev.defaultPrevented || ev.ctrlKey || ev.metaKey || ev.altKey || ev.isComposing) return false;
  return (ev.target as Element | null)?.closest?.(TYPING) == null && document.querySelector('dialog[open]') === null;
}

/** Listens for keys that are free, wherever the focus is; `take` tells whether it did something with one. */
export function useKeys(take: (ev: KeyboardEvent) => boolean): void {
  useEffect(() => {
    const listen = (ev: KeyboardEvent) => {
      if (keysOn.peek() && isFree(ev) && take(ev)) ev.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  });
}
