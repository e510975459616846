import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { data, type Http } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { Head } from '../design/frame.tsx';
import { useList, type Page } from '../design/list.ts';
import type { MenuItem } from '../design/menu.tsx';
import { Select } from '../design/select.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { Table, type Column } from '../design/table.tsx';
import { toast, toastError } from '../design/toast.tsx';
import { when } from '../i18n/index.ts';
import { useConsole, useRead } from './context.ts';
import { size, span, whole } from './format.ts';
import { keepRecording, removeRecording, RenameDialog, StartDialog } from './recordings-acts.tsx';
import { lengthOf, STATES, TONES, usageOf, type Recording } from './recordings-model.ts';
import { RecordingPage } from './recordings-page.tsx';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';

export default function Recordings(): JSX.Element {
  const { router } = useConsole();
  const one = router.match('/admin/recordings/{id}')?.id;
  return one ? <RecordingPage key={one} id={one} /> : <RecordingList />;
}

const LOOKS = 5; // pages that may hold nothing before the next one

async function pageOf(http: Http, room: string, state: string, cursor: string, signal: AbortSignal): Promise<Page<Recording>> {
  let at = cursor;
  for (let n = 1; ; n++) {
    const query = { limit: 50, ...(room ? { room } : {}), ...(state ? { state: state as Recording['state'] } : {}), ...(at ? { cursor: at } : {}) };
    const { recordings, nextCursor = '' } = await data(http.GET('/api/v1/recordings', { params: { query }, signal }));
    if (recordings.length > 0 || nextCursor === '' || n === LOOKS) return { rows: recordings, next: nextCursor };
    at = nextCursor;
  }
}

function RecordingList(): JSX.Element {
  const { http, router, session } = useConsole();
  const [room, state] = [router.query('room'), router.query('state')];
  const list = useList((cursor, signal) => pageOf(http, room, state, cursor, signal), [room, state]);
  const [naming, setNaming] = useState<Recording | null>(null);
  const [starting, setStarting] = useState(false);
  const moving = list.rows?.some((one) => one.state === 'recording' || one.state === 'finishing') ?? false;
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => !document.hidden && void list.reload(), 5000);
    return () => clearInterval(timer);
  }, [moving]);
  const put = (one: Recording) => list.update((rows) => rows.map((row) => (row.id === one.id ? one : row)));
  return (
    <>
      <Head
        title={title('nav_recordings')}
        text={t('recordings_text')}
        actions={
          <Button onClick={() => setStarting(true)} testid="recording-start">
            {t('record_room')}
          </Button>
        }
      />
      <Used />
      <Filters room={room} state={state} />
      <Table
        label={title('nav_recordings')}
        columns={columns()}
        rows={list.rows}
        rowKey={(one) => one.id}
        rowName={(one) => one.title || one.room}
        state={list.state === 'loading' && list.rows ? 'ready' : list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        href={(one) => `/admin/recordings/${one.id}`}
        actions={(one) => menuOf(http, one, { name: () => setNaming(one), put, gone: () => void list.reload() })}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next(), busy: list.state === 'loading' }}
        empty={
          room || state ? (
            <Empty small title={t('recordings_no_match')} action={<Button onClick={() => router.setQuery({ room: '', state: '' })}>{t('show_all')}</Button>} />
          ) : (
            <Empty title={t('recordings_none')} seed="recordings">
              {t('recordings_none_text')}
            </Empty>
          )
        }
        testid="recordings"
      />
      {naming && (
        <RenameDialog
          recording={naming}
          onClose={() => setNaming(null)}
          onDone={(one) => {
            put(one);
            setNaming(null);
          }}
        />
      )}
      {starting && <StartDialog room={room} onClose={() => setStarting(false)} onDone={() => void list.first()} />}
    </>
  );
}

/** What all recordings take together. */
function Used(): JSX.Element {
  const found = useRead((http, signal) => usageOf((cursor) => data(http.GET('/api/v1/recordings', { params: { query: { limit: 100, ...(cursor ? { cursor } : {}) } }, signal }))), [], { every: 60_000 });
  const { value } = found;
  const most = (text: string) => (value?.more ? t('used_more', { what: text }) : text);
  return (
    <Stats>
      <Stat label={t('used_count')} value={value && most(whole(value.count))} />
      <Stat label={t('used_bytes')} value={value && most(size(value.bytes))} hint={t('used_hint')} testid="recordings-used" />
      <Stat label={t('used_time')} value={value && most(span(value.seconds))} />
    </Stats>
  );
}

const LATER = 300; // ms after the last letter

function Filters({ room, state }: { room: string; state: string }): JSX.Element {
  const { router } = useConsole();
  const [typed, setTyped] = useState(room);
  useEffect(() => setTyped(room), [room]);
  useEffect(() => {
    if (typed.trim() === room) return;
    const timer = setTimeout(() => router.setQuery({ room: typed.trim() }), LATER);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <div class="filters" role="search">
      <Field type="search" label={t('room')} value={typed} onValue={setTyped} placeholder={t('room_id')} mono testid="recordings-room" />
      <Select label={t('recording_state')} value={state} onValue={(value) => router.setQuery({ state: value })} options={[{ value: '', label: t('all') }, ...STATES.map((value) => ({ value, label: t(`recording_${value}`) }))]} testid="recordings-state" />
    </div>
  );
}

const columns = (): Column<Recording>[] => [
  {
    key: 'title',
    label: t('recording_title'),
    priority: 1,
    wide: true,
    cell: (one) => (
      <span class="two-lines">
        <span>{one.title || one.room}</span>
        <small class="mono">{one.room}</small>
      </span>
    ),
  },
  { key: 'started', label: t('recording_began'), cell: (one) => <span class="nowrap">{one.startedAt ? when(one.startedAt) : '–'}</span> },
  { key: 'length', label: t('recording_length'), end: true, cell: (one) => <span class="number nowrap">{span(lengthOf(one))}</span> },
  { key: 'size', label: t('recording_size'), end: true, cell: (one) => <span class="number nowrap">{size(one.bytes)}</span> },
  {
    key: 'state',
    label: t('recording_state'),
    cell: (one) => (
      <span class="nowrap">
        <Badge kind={TONES[one.state]} lamp={one.state === 'recording'} testid="recording-state">
          {t(`recording_${one.state}`)}
        </Badge>{' '}
        {one.keep && <Badge>{t('recording_kept')}</Badge>}
      </span>
    ),
  },
  { key: 'expires', label: t('recording_expires'), priority: 3, cell: (one) => <span class="nowrap">{one.expiresAt ? when(one.expiresAt) : t('never')}</span> },
];

function menuOf(http: Http, one: Recording, on: { name(): void; put(one: Recording): void; gone(): void }): MenuItem[] {
  const stop = () =>
    void data(http.POST('/api/v1/rooms/{room}/recording/stop', { params: { path: { room: one.room } } })).then((found) => {
      on.put(found);
      toast(t('recording_stopped', { room: one.room }));
    }, toastError);
  return [
    { label: t('rename'), onSelect: on.name, testid: 'menu-rename' },
    { label: t(one.keep ? 'keep_not' : 'keep'), onSelect: () => void keepRecording(http, one).then(on.put, toastError), testid: 'menu-keep' },
    ...(one.state === 'recording' ? [{ label: t('recording_stop'), onSelect: stop, testid: 'menu-stop' }] : []),
    { label: t('delete'), onSelect: () => void removeRecording(http, one).then((done) => done && on.gone()), grave: true, apart: true, testid: 'menu-delete' },
  ];
}
