import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Spinner } from '../design/spinner.tsx';
import { t } from './texts.ts';
import { when } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';
import { clockOf } from '../lib/tick.ts';
import type { Desk } from './desk.ts';
import { mayPlayBack } from './drive.ts';

const KINDS = { recording: 'warn', finishing: 'note', done: 'good', failed: 'bad' } as const;

/** What was recorded, and the way to show it when the live is over. */
export function RecordingsCard({ desk }: { desk: Desk }): JSX.Element {
  const [all, setAll] = useState<Schemas['RecordingBody'][] | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState('');
  const record = desk.record.value;
  const read = useCallback(
    async (signal?: AbortSignal) => {
      try {
        setAll(await desk.calls.recordings(desk.room, signal));
        setError('');
      } catch (err) {
        if (!signal?.aborted) setError(errorWords(err));
      }
    },
    [desk],
  );
  useEffect(() => {
    const aborted = new AbortController();
    void read(aborted.signal);
    const unfinished = setInterval(() => void read(aborted.signal), 10_000); // one is finished some time after its live
    return () => {
      aborted.abort();
      clearInterval(unfinished);
    };
  }, [read, record?.version]);
  const show = async (id: string) => {
    setBusy(id);
    setError('');
    try {
      await desk.playBack(id);
    } catch (err) {
      setError(errorWords(err));
    }
    setBusy('');
  };
  return (
    <div data-testid="recordings">
      {error && <Callout kind="bad">{error}</Callout>}
      {!all && !error && <Spinner />}
      {all?.length === 0 && (
        <Empty small title={t('recordings_none')}>
          {t('recordings_how')}
        </Empty>
      )}
      {all && all.length > 0 && (
        <ul class="kept">
          {all.map((one) => (
            <li key={one.id} data-state={one.state}>
              <span>
                <b>{one.startedAt ? when(one.startedAt) : ''}</b> <span class="number">{clockOf(secondsOf(one.duration))}</span> <Badge kind={KINDS[one.state]}>{t(`recording_${one.state}`)}</Badge>
                {one.cause && <small> {one.cause}</small>}
              </span>
              {one.state === 'done' && record && mayPlayBack(record) && (
                <Button small busy={busy === one.id} onClick={() => void show(one.id)} testid="play-back">
                  {t('play_back')}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
