import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { useList } from '../design/list.ts';
import { t } from './texts.ts';
import { when } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';
import { clockOf } from '../lib/tick.ts';
import type { Desk } from './desk.ts';
import { mayPlayBack } from './drive.ts';
import { Kept } from './kept.tsx';

const KINDS = { recording: 'warn', finishing: 'note', done: 'good', failed: 'bad' } as const;

/** What was recorded, and the way to show it when the live is over. */
export function RecordingsCard({ desk }: { desk: Desk }): JSX.Element {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState('');
  const record = desk.record.value;
  const list = useList(async (_, signal) => ({ rows: await desk.calls.recordings(desk.room, signal) }), [desk, record?.version]);
  useEffect(() => {
    const unfinished = setInterval(() => document.hidden || void list.reload(), 10_000); // one is finished some time after its live
    return () => clearInterval(unfinished);
  }, [list]);
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
      <Kept
        list={list}
        label={t('tab_recordings')}
        none={
          <Empty small title={t('recordings_none')}>
            {t('recordings_how')}
          </Empty>
        }
      >
        {(all) => (
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
      </Kept>
    </div>
  );
}
