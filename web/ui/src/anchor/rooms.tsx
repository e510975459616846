import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { StatusSign } from '../components/status-sign.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Head } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { t } from './texts.ts';
import { when } from '../i18n/index.ts';
import { scene } from '../status/record.ts';
import type { AnchorCalls } from './calls.ts';

/** The rooms one is the anchor of. Who has only one is led there. */
export function Rooms({ calls, user, onOnly }: { calls: AnchorCalls; user: string; onOnly: ((room: string) => void) | null }): JSX.Element {
  const [rooms, setRooms] = useState<Schemas['RoomBody'][] | null>(null);
  const [error, setError] = useState('');
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const aborted = new AbortController();
    setError('');
    calls.rooms(user, aborted.signal).then(
      (all) => (onOnly && all.length === 1 && all[0] ? onOnly(all[0].id) : setRooms(all)),
      (err: unknown) => aborted.signal.aborted || setError(errorWords(err)),
    );
    return () => aborted.abort();
  }, [calls, user, turn]);
  return (
    <>
      <Head title={t('rooms')} />
      {error && (
        <Callout kind="bad" action={<Button onClick={() => setTurn(turn + 1)}>{t('again')}</Button>}>
          {error}
        </Callout>
      )}
      {!rooms && !error && <Spinner />}
      {rooms?.length === 0 && (
        <Empty title={t('rooms_none')} action={<Button onClick={() => setTurn(turn + 1)}>{t('again')}</Button>} testid="no-rooms">
          {t('rooms_how', { user })}
        </Empty>
      )}
      {rooms && rooms.length > 0 && (
        <ul class="my-rooms" data-testid="my-rooms">
          {rooms.map((room) => (
            <li key={room.id}>
              <a href={`/anchor?room=${encodeURIComponent(room.id)}`} data-room={room.id}>
                <StatusSign scene={scene(room.status)} />
                <b>
                  <bdi>{room.title || room.id}</bdi>
                </b>
                {room.scheduledAt && <time dateTime={room.scheduledAt}>{when(room.scheduledAt)}</time>}
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
