import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { data, type Http, type Schemas } from '../api/http.ts';
import { StatusSign } from '../components/status-sign.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { when } from '../i18n/index.ts';
import { session as tab } from '../lib/storage.ts';
import { scene } from '../status/record.ts';
import { useConsole, useRead } from './context.ts';
import { FirstRoom } from './first-room.tsx';
import { ago, whole } from './format.ts';
import { isAway } from './loader.ts';
import { stepOf, upcoming } from './overview-model.ts';
import { useBeat } from './picture.tsx';
import { recordFrom, useNews, useRecords } from './records.ts';
import { t } from './texts.ts';
import { Tile } from './tile.tsx';
import { inOrder, trouble } from './wall-model.ts';
import { useHealth, useOnAir } from './wall.tsx';

type Room = Schemas['RoomBody'];

const FEW = 100; // who has more rooms needs no guide
const SHOWN = 6; // pictures
const MOST_WAITING = 200; // rooms that the next ones are sought among

const few = async (http: Http, signal: AbortSignal): Promise<{ rooms: Room[]; more: boolean }> => {
  const page = await data(http.GET('/api/v1/rooms', { params: { query: { limit: FEW } }, signal }));
  return { rooms: page.rooms, more: page.nextCursor !== undefined };
};

/** What an administrator sees first: the way to the first live room, then what goes on and what needs somebody. */
export default function Overview(): JSX.Element {
  const { feed } = useConsole();
  const found = useRead(few, [], { every: feed.following.value ? 20_000 : 4000 });
  const recordOf = useRecords();
  const [led, setLed] = useState(tab.read('first-room') ?? '');
  useNews(feed, () => void found.read());
  const lead = (id: string) => {
    setLed(id);
    tab.write('first-room', id || null);
  };
  const rooms = found.value?.rooms.map((room) => ({ ...room, status: { ...room.status, ...recordOf(room), delay: room.status.delay } as Room['status'] }));
  if (!rooms) {
    return (
      <>
        <Head title={t('overview_title')} />
        {found.error !== null && !isAway(found.error) ? (
          <Callout kind="bad" action={<Button small onClick={() => void found.read()}>{t('retry')}</Button>}>
            {errorWords(found.error)}
          </Callout>
        ) : (
          <p class="waiting" role="status">
            <Spinner /> {t('asking')}
          </p>
        )}
      </>
    );
  }
  const { step, room } = stepOf(rooms, found.value?.more ?? false, led);
  const take = (made: Room) => {
    found.put({ rooms: [...(found.value?.rooms ?? []), made], more: found.value?.more ?? false });
    lead(made.id);
  };
  useLedRoom(step === 'push' ? (room?.id ?? '') : '', led, lead);
  return (
    <>
      <Head title={step === 'done' ? t('overview_title') : t('overview_welcome')} text={step === 'done' ? undefined : t('overview_welcome_text')} />
      {step !== 'done' && <FirstRoom step={step} room={room} onLed={take} onDone={() => lead('')} />}
      {step === 'done' && <Going />}
    </>
  );
}

/** Whom the overview leads through to the end it remembers: once the picture is there, the room is none that waits any more. */
function useLedRoom(waits: string, led: string, lead: (id: string) => void): void {
  useEffect(() => {
    if (waits !== '' && led === '') lead(waits);
  }, [waits]);
}

function Going(): JSX.Element {
  const air = useOnAir(FEW);
  const health = useHealth((air.rooms ?? []).map((room) => room.id), 10_000);
  const [playing, setPlaying] = useState('');
  const now = useBeat();
  const tiles = inOrder((air.rooms ?? []).map((room) => ({ room, health: health.get(room.id) ?? null })), air.recordOf);
  const counted = (name: string) => (air.rooms ?? []).filter((room) => air.recordOf(room).name === name).length;
  const troubled = tiles.filter((tile) => trouble(air.recordOf(tile.room), tile.health) !== 'fine').length;
  const known = air.rooms !== null;
  const more = air.more ? '+' : '';
  return (
    <>
      <Stats>
        <Stat label={t('overview_live')} value={known ? whole(counted('live')) + more : null} testid="stat-live" />
        <Stat label={t('overview_paused')} value={known ? whole(counted('paused')) + more : null} />
        <Stat label={t('overview_people')} value={known ? whole((air.rooms ?? []).reduce((sum, room) => sum + room.online, 0)) + more : null} testid="stat-people" />
        <Stat label={t('overview_trouble')} value={known ? whole(troubled) : null} kind={troubled > 0 ? 'warn' : 'good'} />
      </Stats>
      <Panel title={t('overview_now')} actions={<More href="/admin/wall">{t('wall_title')}</More>}>
        {known && tiles.length === 0 && (
          <Empty title={t('wall_none')} small action={<Button href="/admin/rooms">{t('rooms_title')}</Button>}>
            {t('wall_none_text')}
          </Empty>
        )}
        <div class="wall wall-middle">
          {tiles.slice(0, SHOWN).map((tile) => (
            <Tile key={tile.room.id} tile={tile} record={air.recordOf(tile.room)} now={now} playing={playing === tile.room.id} onPlay={() => setPlaying(playing === tile.room.id ? '' : tile.room.id)} />
          ))}
        </div>
      </Panel>
      <div class="columns">
        <div class="column">
          <Next />
        </div>
        <div class="column">
          <Acts />
        </div>
      </div>
    </>
  );
}

const More = ({ href, children }: { href: string; children: ComponentChildren }): JSX.Element => (
  <Button kind="plain" small href={href}>
    {children}
  </Button>
);

function Next(): JSX.Element {
  const { feed } = useConsole();
  const found = useRead(async (http, signal) => (await data(http.GET('/api/v1/rooms', { params: { query: { status: 'waiting', limit: MOST_WAITING } }, signal }))).rooms, [], { every: 20_000 });
  useNews(feed, () => void found.read());
  const all = upcoming(found.value ?? [], Date.now());
  return (
    <Panel title={t('overview_next')} actions={<More href="/admin/rooms?status=waiting">{t('rooms_all')}</More>}>
      {found.value && all.length === 0 && <p class="quiet">{t('overview_next_none')}</p>}
      <ul class="plain-list">
        {all.map((room) => (
          <li key={room.id}>
            <a href={`/admin/rooms/${encodeURIComponent(room.id)}`}>{room.title || room.id}</a> <StatusSign scene={scene(recordFrom(room.status))} />
            <small class="quiet">{when(room.scheduledAt ?? '')}</small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Acts(): JSX.Element {
  const found = useRead(async (http, signal) => (await data(http.GET('/api/v1/audit', { params: { query: { limit: 8 } }, signal }))).acts, [], { every: 15_000 });
  return (
    <Panel title={t('overview_acts')} actions={<More href="/admin/audit">{t('audit_title')}</More>}>
      {found.value?.length === 0 && <p class="quiet">{t('audit_none')}</p>}
      <ul class="plain-list">
        {found.value?.map((entry) => (
          <li key={entry.seq}>
            <span>
              <strong class="mono">{entry.action}</strong> {entry.target || entry.group}
            </span>
            <small class="quiet">
              {entry.detail.console || entry.by} · {ago(entry.at, Date.now())}
            </small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
