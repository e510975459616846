import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { GiftIcon } from '../components/gift-icon.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Spinner } from '../design/spinner.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { t } from './texts.ts';
import { amount, compactAmount, when } from '../i18n/index.ts';
import type { Desk } from './desk.ts';

/** What was given in the session that runs, or in the last one. */
export function GiftsCard({ desk }: { desk: Desk }): JSX.Element {
  const [entries, setEntries] = useState<Schemas['EntryBody'][] | null>(null);
  const [next, setNext] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const totals = desk.model.interaction.value?.totals.value;
  const session = desk.record.value?.session ?? '';
  const read = async (cursor: string, signal?: AbortSignal) => {
    setBusy(true);
    try {
      const page = await desk.calls.ledger(desk.room, session, cursor, signal);
      setEntries((known) => (cursor ? [...(known ?? []), ...page.entries] : page.entries));
      setNext(page.nextCursor ?? '');
      setError('');
    } catch (err) {
      if (!signal?.aborted) setError(errorWords(err));
    }
    setBusy(false);
  };
  useEffect(() => {
    const aborted = new AbortController();
    void read('', aborted.signal);
    return () => aborted.abort();
  }, [desk, session, totals?.giftCount]);
  return (
    <div data-testid="gifts">
      <Stats>
        <Stat label={t('gifts_value')} value={totals ? compactAmount(totals.giftValue) : null} testid="gifts-value" />
        <Stat label={t('likes')} value={totals ? String(totals.likes) : null} />
      </Stats>
      {error && <Callout kind="bad">{error}</Callout>}
      {!entries && !error && <Spinner />}
      {entries?.length === 0 && <Empty small title={t('gifts_none')} />}
      {entries && entries.length > 0 && (
        <ul class="given">
          {entries.map((entry) => (
            <li key={entry.entry} data-testid="given">
              <GiftIcon icon={entry.icon ?? ''} />
              <span>
                <bdi>{entry.nick || entry.from}</bdi> · {entry.name} ×{entry.count}
              </span>
              <b class="number">{amount(entry.value)}</b>
              <time dateTime={entry.createdAt}>{when(entry.createdAt)}</time>
            </li>
          ))}
        </ul>
      )}
      {next && (
        <Button small busy={busy} onClick={() => void read(next)}>
          {t('more')}
        </Button>
      )}
    </div>
  );
}
