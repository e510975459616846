import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Spinner } from '../design/spinner.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { t } from './texts.ts';
import { compact, compactAmount, hours, when } from '../i18n/index.ts';
import { clockOf } from '../lib/tick.ts';
import type { Desk } from './desk.ts';

/** How each live went, the newest first. */
export function SessionsCard({ desk }: { desk: Desk }): JSX.Element {
  const [all, setAll] = useState<Schemas['SummaryBody'][] | null>(null);
  const [error, setError] = useState('');
  const record = desk.record.value;
  useEffect(() => {
    const aborted = new AbortController();
    const read = () =>
      desk.calls.sessions(desk.room, aborted.signal).then(
        (sessions) => (setAll(sessions), setError('')),
        (err: unknown) => aborted.signal.aborted || setError(errorWords(err)),
      );
    void read();
    const late = setTimeout(() => void read(), 5000); // it is summed up some seconds after the end
    return () => {
      aborted.abort();
      clearTimeout(late);
    };
  }, [desk, record?.version]);
  if (!all) return error ? <Callout kind="bad">{error}</Callout> : <Spinner />;
  if (all.length === 0) return <Empty small title={t('sessions_none')} />;
  return (
    <ol class="sessions" data-testid="sessions">
      {all.map((one, i) => (
        <li key={one.session}>
          <details open={i === 0}>
            <summary>
              {when(one.startedAt)} · <span class="number">{clockOf(one.duration)}</span>
            </summary>
            <Stats>
              <Stat label={t('sum_viewers')} value={compact(one.viewers)} />
              <Stat label={t('sum_peak')} value={compact(one.peak)} />
              <Stat label={t('sum_watch')} value={hours(one.watchTime)} />
              <Stat label={t('sum_messages')} value={compact(one.messages)} />
              <Stat label={t('likes')} value={compact(one.likes)} />
              <Stat label={t('gifts_value')} value={compactAmount(one.giftValue)} />
            </Stats>
          </details>
        </li>
      ))}
    </ol>
  );
}
