import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { data, type Http, type Schemas } from '../api/http.ts';
import type { StatusRecord } from '../api/types.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Head } from '../design/frame.tsx';
import { Segmented } from '../design/segmented.tsx';
import { Spinner } from '../design/spinner.tsx';
import { store } from '../lib/storage.ts';
import { useConsole, useRead } from './context.ts';
import { whole } from './format.ts';
import { isAway } from './loader.ts';
import { useBeat } from './picture.tsx';
import { useNews, useRecords, useStatuses, withStatuses } from './records.ts';
import { plural, t } from './texts.ts';
import { Tile } from './tile.tsx';
import { healthOf, inOrder, playing as nextPlaying, Scan, trouble, type Health } from './wall-model.ts';

type Room = Schemas['RoomBody'];

const MOST = 120; // tiles; more are told of

/** All rooms that are on air or paused, up to MOST; `more`: there are others. */
export async function onAir(http: Http, signal: AbortSignal, most = MOST): Promise<{ rooms: Room[]; more: boolean }> {
  const rooms: Room[] = [];
  let more = false;
  for (const status of ['live', 'paused'] as const) {
    const page = await data(http.GET('/api/v1/rooms', { params: { query: { status, limit: most } }, signal }));
    rooms.push(...page.rooms);
    more ||= page.nextCursor !== undefined;
  }
  return { rooms: rooms.slice(0, most), more: more || rooms.length > most };
}

/** Asks for the pushes of the given rooms, a few at a time, while somebody looks. */
export function useHealth(rooms: readonly string[], every = 8000): ReadonlyMap<string, Health> {
  const { http } = useConsole();
  const [scan] = useState(() => new Scan({ every, ask: async (room, signal) => healthOf(await data(http.GET('/api/v1/rooms/{room}/ingest', { params: { path: { room } }, signal }))) }));
  useEffect(() => {
    const look = () => (document.hidden ? scan.stop() : scan.start());
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      scan.stop();
    };
  }, [scan]);
  const asked = rooms.join(',');
  useEffect(() => scan.watch(rooms), [asked]);
  return scan.found.value;
}

/** The list of what is on air, kept right by the changes that arrive. */
export function useOnAir(most = MOST): { rooms: Room[] | null; more: boolean; error: unknown; recordOf(room: Room): StatusRecord; read(): void } {
  const { feed } = useConsole();
  const found = useRead((http, signal) => onAir(http, signal, most), [most], { every: feed.following.value ? 20_000 : 5000, keep: true });
  const recordOf = useRecords();
  useNews(feed, () => void found.read());
  const rooms = found.value?.rooms.filter((room) => ['live', 'paused'].includes(recordOf(room).name)) ?? null;
  useStatuses((rooms ?? []).map((room) => room.id), (statuses) => found.value && found.put({ ...found.value, rooms: withStatuses(found.value.rooms, statuses) }));
  return { rooms, more: found.value?.more ?? false, error: found.error, recordOf, read: () => void found.read() };
}

const DENSITIES = ['large', 'middle', 'small'] as const;
type Density = (typeof DENSITIES)[number];

/** Everything that is on air, as pictures. */
export default function Wall(): JSX.Element {
  const { rooms, more, error, recordOf, read } = useOnAir();
  const [density, setDensity] = useState<Density>(DENSITIES.find((one) => one === store.read('wall')) ?? 'middle');
  const [playing, setPlaying] = useState<string[]>([]);
  const health = useHealth((rooms ?? []).map((room) => room.id));
  const now = useBeat();
  const tiles = inOrder((rooms ?? []).map((room) => ({ room, health: health.get(room.id) ?? null })), recordOf);
  const troubled = tiles.filter((tile) => trouble(recordOf(tile.room), tile.health) !== 'fine').length;
  const choose = (value: Density) => {
    setDensity(value);
    store.write('wall', value);
  };
  return (
    <>
      <Head
        title={t('wall_title')}
        text={rooms === null ? undefined : rooms.length === 0 ? t('wall_none') : `${plural('wall_count', rooms.length)} · ${troubled > 0 ? plural('wall_troubled', troubled) : t('wall_fine')}`}
        actions={<Segmented label={t('wall_density')} value={density} onValue={choose} options={DENSITIES.map((value) => ({ value, label: t(`wall_${value}`) }))} testid="wall-density" />}
      />
      {error !== null && !isAway(error) && (
        <Callout kind="bad" action={<Button small onClick={read}>{t('retry')}</Button>}>
          {errorWords(error)}
        </Callout>
      )}
      {more && <Callout>{t('wall_more', { n: whole(MOST) })}</Callout>}
      {rooms === null && error === null && (
        <p class="waiting" role="status">
          <Spinner /> {t('asking')}
        </p>
      )}
      {rooms?.length === 0 && (
        <Empty title={t('wall_none')} seed="wall" action={<Button href="/admin/rooms">{t('rooms_title')}</Button>} testid="wall-empty">
          {t('wall_none_text')}
        </Empty>
      )}
      <div class={`wall wall-${density}`} data-testid="wall">
        {tiles.map((tile) => (
          <Tile key={tile.room.id} tile={tile} record={recordOf(tile.room)} now={now} playing={playing.includes(tile.room.id)} onPlay={() => setPlaying(nextPlaying(playing, tile.room.id))} />
        ))}
      </div>
    </>
  );
}
