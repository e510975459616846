import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, data, type Schemas } from '../../api/http.ts';
import type { StatusRecord } from '../../api/types.ts';
import { StatusSign } from '../../components/status-sign.tsx';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Callout } from '../../design/callout.tsx';
import { Empty } from '../../design/empty.tsx';
import { errorWords } from '../../design/errors.ts';
import { Head } from '../../design/frame.tsx';
import { Menu } from '../../design/menu.tsx';
import { Spinner } from '../../design/spinner.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { toast } from '../../design/toast.tsx';
import { plural as sharedPlural, when } from '../../i18n/index.ts';
import { clockOf, useTick } from '../../lib/tick.ts';
import { scene } from '../../status/record.ts';
import { ActDialog } from '../act-dialog.tsx';
import { useConsole, useRead } from '../context.ts';
import { useRecords } from '../records.ts';
import { actsFor, grave, type Act } from '../room-acts.ts';
import { RoomDialog } from '../room-dialog.tsx';
import { remove } from '../rooms.tsx';
import { t, type Key } from '../texts.ts';
import { ChatTab } from './chat.tsx';
import { NowTab } from './now.tsx';
import { PastTab } from './past.tsx';
import { PeopleTab } from './people.tsx';
import { SpreadTab } from './spread.tsx';
import { StateTab } from './state.tsx';

export type Room = Schemas['RoomBody'];

const TABS = ['now', 'people', 'chat', 'spread', 'past', 'state'] as const;
type TabKey = (typeof TABS)[number];

/** One room: how it stands, and everything that can be done about it. */
export default function RoomPage({ room: id }: { room: string }): JSX.Element {
  const { http, router, feed } = useConsole();
  const found = useRead((h, signal) => data(h.GET('/api/v1/rooms/{room}', { params: { path: { room: id } }, signal })), [id], { every: feed.following.value ? 10_000 : 4000 });
  const recordOf = useRecords();
  const [editing, setEditing] = useState(false);
  useEffect(() => feed.hear((record, news) => news && record.room === id && void found.read()), [feed, id]);
  const room = found.value;
  if (!room) return <NotThere id={id} error={found.error} onRetry={() => void found.read()} />;
  const record = recordOf(room);
  const tab = TABS.find((one) => one === router.query('tab')) ?? 'now';
  return (
    <>
      <Head
        title={room.title || room.id}
        text={<span class="mono">{room.id}</span>}
        back={{ href: '/admin/rooms', label: t('rooms_title') }}
        actions={
          <>
            <Button href={`/rooms/${encodeURIComponent(id)}`} testid="room-viewer">
              {t('room_viewer')}
            </Button>
            <Button onClick={() => setEditing(true)} testid="room-edit">
              {t('room_edit')}
            </Button>
            <Menu label={t('room_more')} items={[{ label: t('room_delete'), onSelect: () => void remove(http, room, () => router.go('/admin/rooms')), grave: true, testid: 'menu-delete' }]} testid="room-more" />
          </>
        }
      />
      <Standing room={room} record={record} onDone={() => void found.read()} />
      <Tabs label={room.title || room.id} tabs={TABS.map((value) => ({ value, label: t(`tab_${value}`) }))} value={tab} onValue={(value: TabKey) => router.setQuery({ tab: value === 'now' ? '' : value })} testid="room-tabs">
        {tab === 'now' && <NowTab room={room} record={record} />}
        {tab === 'people' && <PeopleTab room={room} />}
        {tab === 'chat' && <ChatTab room={room} onRoom={() => void found.read()} />}
        {tab === 'spread' && <SpreadTab room={room} />}
        {tab === 'past' && <PastTab room={room} />}
        {tab === 'state' && <StateTab room={room} />}
      </Tabs>
      {editing && (
        <RoomDialog
          room={room}
          onClose={() => setEditing(false)}
          onDone={(saved) => {
            found.put(saved);
            setEditing(false);
            toast(t('room_saved', { room: saved.title || saved.id }));
          }}
        />
      )}
    </>
  );
}

function NotThere({ id, error, onRetry }: { id: string; error: unknown; onRetry(): void }): JSX.Element {
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <>
      <Head title={id} back={{ href: '/admin/rooms', label: t('rooms_title') }} />
      {gone && (
        <Empty title={t('room_gone')} seed={id} testid="room-gone">
          {t('room_gone_text')}
        </Empty>
      )}
      {error !== null && !gone && (
        <Callout kind="bad" action={<Button small onClick={onRetry}>{t('retry')}</Button>}>
          {errorWords(error)}
        </Callout>
      )}
      {error === null && (
        <p class="waiting" role="status">
          <Spinner /> {t('asking')}
        </p>
      )}
    </>
  );
}

/** The status, why it is so, and what can be done about it. */
function Standing({ room, record, onDone }: { room: Room; record: StatusRecord; onDone(): void }): JSX.Element {
  const [act, setAct] = useState<Act | null>(null);
  const until = record.graceUntil ? Date.parse(record.graceUntil) : NaN;
  const left = (until - Date.now()) / 1000;
  useTick(left > 0);
  const now = scene(record);
  return (
    <section class="standing" aria-label={t('rooms_status')} data-testid="standing" data-scene={now}>
      <div class="standing-facts">
        <StatusSign scene={now} />
        <span>{reasonWords(record.reason)}</span>
        {record.detail && <q>{record.detail}</q>}
        {record.since && <span class="quiet">{t('rooms_since', { time: when(record.since) })}</span>}
        {room.scheduledAt && record.name === 'waiting' && <span class="quiet">{t('rooms_begins', { time: when(room.scheduledAt) })}</span>}
        {room.endAt && record.name !== 'ended' && <span class="quiet">{t('room_ends', { time: when(room.endAt) })}</span>}
        {room.forbidden && <Badge kind="bad" testid="forbidden">{room.forbidden.until ? t('room_forbidden_until', { time: when(room.forbidden.until) }) : t('room_forbidden')}</Badge>}
        {left > 0 && (
          <span class="quiet number" data-testid="grace">
            {t('room_grace', { time: clockOf(left) })}
          </span>
        )}
        <span class="quiet">{sharedPlural('online', room.online)}</span>
      </div>
      <div class="standing-acts">
        {actsFor(record, { forbidden: room.forbidden !== undefined }).map((one, i) => (
          <Button key={one} kind={i === 0 && !grave(one) ? 'main' : 'quiet'} small onClick={() => setAct(one)} testid={`act-${one}`}>
            {t(`act_${one}`)}
          </Button>
        ))}
      </div>
      {act && <ActDialog act={act} room={room} onDone={onDone} onClose={() => setAct(null)} />}
    </section>
  );
}

const REASONS = new Set([
  'created', 'push_started', 'push_resumed', 'push_closed', 'push_lost', 'push_silent', 'push_dropped', 'by_anchor', 'by_admin', 'resumed', 'grace_over', 'pause_over', 'schedule_over',
  'forbidden', 'reopened', 'playback_started', 'playback_over', 'room_deleted',
]);

/** Why a status came about; a word of a newer server stays as it is. */
export const reasonWords = (reason: string): string => (REASONS.has(reason) ? t(`why_${reason}` as Key) : reason);
