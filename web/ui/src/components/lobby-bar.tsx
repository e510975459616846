import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Field } from '../design/field.tsx';
import { Segmented } from '../design/segmented.tsx';
import { t } from '../i18n/lobby.ts';
import { SHOWS, words, type Show, type View } from '../pages/lobby-view.ts';
import { Search } from './icons.tsx';

const PAUSE_MS = 250; // of typing, before it is looked for

/** Looking for rooms by words, and choosing which. `/` leads to the field from anywhere on the page. */
export function LobbyBar({ view, onView }: { view: View; onView(view: View): void }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const composing = useRef(false);
  const [typed, setTyped] = useState(view.q);
  const newest = useRef(view);
  newest.current = view;
  // The address was changed by going back, or all rooms were asked for.
  useEffect(() => setTyped((typed) => (words(typed) === view.q ? typed : view.q)), [view.q]);
  useEffect(() => {
    const toField = (ev: KeyboardEvent) => {
      const on = ev.target as HTMLElement | null;
      if (ev.key !== '/' || ev.ctrlKey || ev.metaKey || ev.altKey || ev.isComposing || on?.closest('input:not([type=radio]), select, textarea, [contenteditable]')) return;
      ev.preventDefault();
      place.current?.querySelector('input')?.select();
      place.current?.querySelector('input')?.focus();
    };
    addEventListener('keydown', toField);
    return () => {
      removeEventListener('keydown', toField);
      clearTimeout(timer.current);
    };
  }, []);

  const look = (text: string, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const q = words(text);
      if (!composing.current && q !== newest.current.q) onView({ ...newest.current, q });
    }, wait);
  };
  const type = (text: string) => {
    setTyped(text);
    look(text, text === '' ? 0 : PAUSE_MS);
  };
  return (
    <div class="lobby-bar" role="search">
      <div
        ref={place}
        class="lobby-search"
        onCompositionStart={() => (composing.current = true)}
        onCompositionEnd={(ev) => {
          composing.current = false;
          look((ev.target as HTMLInputElement).value, PAUSE_MS);
        }}
      >
        <Field
          label={t('search_label')}
          labelHidden
          type="search"
          inputMode="search"
          value={typed}
          onValue={type}
          placeholder={t('search_label')}
          before={<Search />}
          after={<kbd aria-hidden="true">/</kbd>}
          onKeyDown={(ev) => {
            if (ev.isComposing || ev.keyCode === 229) return;
            if (ev.key === 'Enter') look(typed, 0);
            if (ev.key === 'Escape' && typed !== '') {
              ev.preventDefault();
              type('');
            }
          }}
          testid="search"
        />
      </div>
      <Segmented<Show> label={t('show_label')} value={view.show} onValue={(show) => onView({ ...newest.current, show })} options={SHOWS.map((value) => ({ value, label: t(`show_${value}`) }))} testid="show" />
    </div>
  );
}
