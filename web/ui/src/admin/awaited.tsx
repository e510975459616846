import type { JSX } from 'preact';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { errorWords } from '../design/errors.ts';
import { Spinner } from '../design/spinner.tsx';
import { isAway, type Loaded } from './loader.ts';
import { t } from './server-texts.ts';

/** Over or in place of what is read: why it can't be had, or that it is asked for. That the server is away the shell says. */
export function Awaited({ of }: { of: Loaded<unknown> }): JSX.Element | null {
  if (of.error !== null) {
    return isAway(of.error) ? null : (
      <Callout kind="bad" action={<Button onClick={() => void of.read()}>{t('again')}</Button>}>
        {errorWords(of.error)}
      </Callout>
    );
  }
  return of.value ? null : (
    <p class="waiting" role="status">
      <Spinner /> {t('asking')}
    </p>
  );
}

/** What a table takes of rows that are read whole. That the server is away the shell says. */
export function tabled<Row>(of: Loaded<readonly Row[]>): { rows: readonly Row[] | null; state: 'loading' | 'ready' | 'error'; error: string; onRetry(): void } {
  const failed = of.error !== null && !isAway(of.error);
  return { rows: of.value, state: failed ? 'error' : of.value ? 'ready' : 'loading', error: failed ? errorWords(of.error) : '', onRetry: () => void of.read() };
}
