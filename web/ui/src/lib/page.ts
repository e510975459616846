import { effect } from '@preact/signals';
import { languageTag } from '../i18n/index.ts';
import { theme } from './theme.ts';

/** Keeps language and appearance of the document as chosen. Runs as long as the page lives. */
export function followSettings(): void {
  effect(() => {
    document.documentElement.lang = languageTag();
  });
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}

/** The room a viewer page is for, from its path; '' when there is none. */
export function roomOfPath(path: string): { room: string; embedded: boolean } {
  const found = /^\/(rooms|embed)\/([^/]+)\/?$/.exec(path);
  if (!found) return { room: '', embedded: false };
  try {
    return { room: decodeURIComponent(found[2] as string), embedded: found[1] === 'embed' };
  } catch {
    return { room: '', embedded: false };
  }
}
