import { signal } from '@preact/signals';
import { store } from './storage.ts';

export type Theme = 'auto' | 'light' | 'dark';

const remembered = store.read('theme');

export const theme = signal<Theme>(remembered === 'light' || remembered === 'dark' ? remembered : 'auto');

export function setTheme(next: Theme): void {
  theme.value = next;
  store.write('theme', next === 'auto' ? null : next);
}
