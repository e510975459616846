import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import { data, type Http, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { confirm } from '../design/confirm.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { Head } from '../design/frame.tsx';
import { useList, type Page } from '../design/list.ts';
import type { MenuItem } from '../design/menu.tsx';
import { Select } from '../design/select.tsx';
import { Table, type Column } from '../design/table.tsx';
import { toast } from '../design/toast.tsx';
import { t as shared, when } from '../i18n/index.ts';
import { lazy } from '../lib/lazy.tsx';
import { scene } from '../status/record.ts';
import { ActDialog } from './act-dialog.tsx';
import { useConsole } from './context.ts';
import { whole } from './format.ts';
import { useRecords, useStatuses, withStatuses } from './records.ts';
import { actsFor, grave, type Act } from './room-acts.ts';
import { RoomDialog } from './room-dialog.tsx';
import { t } from './texts.ts';

type Room = Schemas['RoomBody'];
type Status = Room['status']['name'];

export default function Rooms(): JSX.Element {
  const { router } = useConsole();
  const one = router.match('/admin/rooms/{room}')?.room;
  return one ? <RoomPage key={one} room={one} /> : <RoomList />;
}

/** The page of one room is a part of its own: who only looks at the list does not load it. */
const RoomPage = lazy(() => import('./room/page.tsx').then((module) => module.default));

const PAGE = 50;
const LOOKS = 5; // pages that may hold nothing before the next one, where few rooms match

async function pageOf(http: Http, q: string, status: string, sort: string, cursor: string, signal: AbortSignal): Promise<Page<Room>> {
  const query = { limit: PAGE, ...(q ? { q } : {}), ...(status ? { status: status as Status } : {}), ...(sort === 'popularity' ? { sort: 'popularity' as const } : {}) };
  let at = cursor;
  for (let n = 1; ; n++) {
    const { rooms, nextCursor = '' } = await data(http.GET('/api/v1/rooms', { params: { query: { ...query, ...(at ? { cursor: at } : {}) } }, signal }));
    if (rooms.length > 0 || nextCursor === '' || n === LOOKS) return { rows: rooms, next: nextCursor };
    at = nextCursor;
  }
}

function RoomList(): JSX.Element {
  const { http, router, session, feed } = useConsole();
  const [q, status, sort] = ['q', 'status', 'sort'].map((name) => router.query(name)) as [string, string, string];
  const list = useList((cursor, signal) => pageOf(http, q, status, sort, cursor, signal), [q, status, sort]);
  const recordOf = useRecords();
  const [creating, setCreating] = useState(router.query('new') !== '');
  const [editing, setEditing] = useState<Room | null>(null);
  const [acting, setActing] = useState<{ act: Act; room: Room } | null>(null);
  useStatuses((list.rows ?? []).map((room) => room.id), (found) => list.update((rows) => withStatuses(rows, found)));
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  useEffect(
    () => feed.hear((record, news) => { // a room that somebody else has made, or removed
      const there = list.rows?.some((room) => room.id === record.room) ?? true;
      if (news && (record.reason === 'room_deleted' ? there : !there && record.reason === 'created' && list.page === 1)) void list.reload();
    }),
    [feed],
  );
  const filtered = q !== '' || status !== '';
  return (
    <>
      <Head
        title={t('rooms_title')}
        text={t('rooms_text')}
        actions={
          <Button kind="main" icon={<Plus />} onClick={() => setCreating(true)} testid="room-new">
            {t('room_new')}
          </Button>
        }
      />
      <Filters q={q} status={status} sort={sort} />
      <Table
        label={t('rooms_title')}
        columns={columns(recordOf)}
        rows={list.rows}
        rowKey={(room) => room.id}
        rowName={(room) => room.title || room.id}
        state={list.state === 'loading' && list.rows ? 'ready' : list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        href={(room) => `/admin/rooms/${encodeURIComponent(room.id)}`}
        actions={(room) => menuOf(room, recordOf(room), { edit: setEditing, act: (act) => setActing({ act, room }), remove: () => void remove(http, room, () => void list.reload()) })}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next(), busy: list.state === 'loading' }}
        empty={
          filtered ? (
            <Empty title={t('rooms_no_match')} small action={<Button onClick={() => router.setQuery({ q: '', status: '' })}>{t('filters_clear')}</Button>} />
          ) : (
            <Empty title={t('rooms_none')} seed="rooms" action={<Button kind="main" onClick={() => setCreating(true)}>{t('room_first')}</Button>}>
              {t('rooms_none_text')}
            </Empty>
          )
        }
        testid="rooms"
      />
      {creating && (
        <RoomDialog
          onClose={() => setCreating(false)}
          onDone={(room) => {
            toast(t('room_created', { room: room.title || room.id }));
            router.go(`/admin/rooms/${encodeURIComponent(room.id)}`);
          }}
        />
      )}
      {editing && (
        <RoomDialog
          room={editing}
          onClose={() => setEditing(null)}
          onDone={(room) => {
            list.update((rows) => rows.map((one) => (one.id === room.id ? room : one)));
            toast(t('room_saved', { room: room.title || room.id }));
            setEditing(null);
          }}
        />
      )}
      {acting && (
        <ActDialog
          act={acting.act}
          room={acting.room}
          onClose={() => setActing(null)}
          onDone={(record) => list.update((rows) => rows.map((one) => (one.id === record.room ? { ...one, status: record } : one)))}
        />
      )}
    </>
  );
}

const LATER = 300; // ms after the last letter

function Filters({ q, status, sort }: { q: string; status: string; sort: string }): JSX.Element {
  const { router } = useConsole();
  const [typed, setTyped] = useState(q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => setTyped(q), [q]);
  const search = (text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => router.setQuery({ q: text.trim() }), LATER);
  };
  const statuses: Status[] = ['live', 'paused', 'waiting', 'ended', 'playback'];
  return (
    <div class="filters" role="search">
      <Field label={t('rooms_search')} value={typed} onValue={search} type="search" placeholder={t('rooms_search_hint')} testid="rooms-q" />
      <Select label={t('rooms_status')} value={status} onValue={(value) => router.setQuery({ status: value })} options={[{ value: '', label: t('rooms_all') }, ...statuses.map((value) => ({ value, label: shared(`status_${value}`) }))]} testid="rooms-status" />
      <Select label={t('rooms_sort')} value={sort} onValue={(value) => router.setQuery({ sort: value })} options={[{ value: '', label: t('sort_id') }, { value: 'popularity', label: t('sort_popularity') }]} testid="rooms-sort" />
    </div>
  );
}

const columns = (recordOf: ReturnType<typeof useRecords>): Column<Room>[] => [
  {
    key: 'title',
    label: t('field_title'),
    priority: 1,
    cell: (room) => (
      <span class="two-lines">
        <span>{room.title || room.id}</span>
        <small class="mono">{room.id}</small>
      </span>
    ),
  },
  { key: 'status', label: t('rooms_status'), cell: (room) => <StatusSign scene={scene(recordOf(room))} /> },
  { key: 'online', label: t('rooms_online'), end: true, cell: (room) => <span class="number">{whole(room.online)}</span> },
  { key: 'anchor', label: t('field_anchor'), priority: 3, cell: (room) => room.anchor || '–' },
  { key: 'since', label: t('rooms_when'), priority: 3, cell: (room) => <span class="nowrap">{whenOf(room, recordOf(room).since)}</span> },
];

/** The time that matters of a room: when it begins, or since when it is as it is. */
function whenOf(room: Room, since: string): string {
  if (room.status.name === 'waiting') return room.scheduledAt ? t('rooms_begins', { time: when(room.scheduledAt) }) : '–';
  return since ? t('rooms_since', { time: when(since) }) : '–';
}

function menuOf(room: Room, record: ReturnType<ReturnType<typeof useRecords>>, on: { edit(room: Room): void; act(act: Act): void; remove(): void }): MenuItem[] {
  return [
    { label: t('room_edit'), onSelect: () => on.edit(room), testid: 'menu-edit' },
    { label: t('room_viewer'), onSelect: () => window.open(`/rooms/${encodeURIComponent(room.id)}`, '_blank', 'noopener') },
    ...actsFor(record).map((act, i) => ({ label: t(`act_${act}`), onSelect: () => on.act(act), grave: grave(act), apart: i === 0, testid: `menu-${act}` })),
    { label: t('room_delete'), onSelect: on.remove, grave: true, apart: true, testid: 'menu-delete' },
  ];
}

/** Asks for the room's id before it is removed for good. */
export const remove = (http: Http, room: Room, onDone: () => void): Promise<void> =>
  confirm({
    title: t('room_delete_title', { room: room.title || room.id }),
    text: t('room_delete_text'),
    act: t('room_delete'),
    grave: true,
    typed: room.id,
    run: async () => void (await data(http.DELETE('/api/v1/rooms/{room}', { params: { path: { room: room.id } } }))),
  }).then((done) => {
    if (!done) return;
    toast(t('room_deleted', { room: room.title || room.id }));
    onDone();
  });
