import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Room } from '../api/types.ts';
import { IconButton } from '../design/button.tsx';
import { toClipboard } from '../design/copy-field.tsx';
import { toast } from '../design/toast.tsx';
import { compact, plural, t, when } from '../i18n/lobby.ts';
import { calendarFile } from '../lib/calendar.ts';
import type { Reason } from '../pages/lobby-model.ts';
import { scene } from '../status/record.ts';
import { Cover } from './cover.tsx';
import { split } from './countdown.tsx';
import { CalendarPlus, Flame, Outgoing, People } from './icons.tsx';
import { StatusSign } from './status-sign.tsx';
import { TestCard } from './test-card.tsx';

const COVER_PX = 320;
const FIRST_PX = 960;
const MINUTE_MS = 60_000;

export interface CardProps {
  room: Room;
  reason: Reason | null;
  /** It stands first and large. */
  first?: boolean;
}

/** A room in a list: its picture, what goes on, and the way in. */
export function RoomCard({ room, reason, first = false }: CardProps): JSX.Element {
  const now = scene(room.status);
  const onAir = now === 'live' || now === 'interrupted' || now === 'paused';
  // What is on air looks different in a minute; of others the picture stays.
  const turn = now === 'live' ? { turn: Math.floor(Date.now() / MINUTE_MS) } : {};
  return (
    <li class={`card${first ? ' card-first' : ''}`} data-testid="room-card" data-room={room.id} data-status={room.status.name}>
      <a href={`/rooms/${encodeURIComponent(room.id)}`}>
        <div class={`card-picture card-${now}`}>
          <TestCard seed={room.id} />
          {room.cover && <Cover address={room.cover} class="card-cover" width={first ? FIRST_PX : COVER_PX} {...turn} />}
          <StatusSign scene={now} />
          {(onAir || room.online > 0) && (
            <span class="card-online">
              <People /> <span class="number">{plural('online', room.online)}</span>
            </span>
          )}
          {reason && now !== 'ended' && (
            <span class={`card-reason card-reason-${reason}`} data-testid="reason" data-reason={reason}>
              {t(`reason_${reason}`)}
            </span>
          )}
          {now === 'waiting' && room.scheduledAt && <StartsIn at={room.scheduledAt} />}
        </div>
        <h3>
          <bdi>{room.title || room.id}</bdi>
        </h3>
        <p class="card-line">
          {room.anchor && <span>{t('anchor', { name: room.anchor })}</span>}
          {(room.popularity ?? 0) > 0 && (
            <span class="card-heat" title={t('popularity')}>
              <Flame /> <span class="hidden">{t('popularity')}</span> <span class="number">{compact(room.popularity ?? 0)}</span>
            </span>
          )}
          {now === 'waiting' && room.scheduledAt && <time dateTime={room.scheduledAt}>{t('starts_at', { time: when(room.scheduledAt) })}</time>}
          {now === 'live' && room.status.since && <time dateTime={room.status.since}>{t('since', { time: when(room.status.since) })}</time>}
        </p>
      </a>
      <div class="card-acts">
        <Share room={room} />
        {now === 'waiting' && room.scheduledAt && <AddToCalendar room={room} at={room.scheduledAt} />}
      </div>
    </li>
  );
}

/** How long until it begins: to the second in the last hour. */
function StartsIn({ at }: { at: string }): JSX.Element | null {
  const left = Date.parse(at) - Date.now();
  const [, tick] = useState(0);
  const near = left < 3_600_000;
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), near ? 1000 : 20_000);
    return () => clearInterval(timer);
  }, [near]);
  if (Number.isNaN(left)) return null;
  const parts = split(left).filter(({ value }) => Number(value) > 0);
  const said = parts.slice(0, 2).map(({ value, unit }) => `${Number(value)} ${t(unit)}`);
  return (
    <span class="card-online number" data-testid="starts-in">
      {left > 0 && said.length > 0 ? t('starts_in', { time: said.join(' ') }) : t('waiting_due')}
    </span>
  );
}

const addressOf = (room: Room): string => `${location.origin}/rooms/${encodeURIComponent(room.id)}`;

function AddToCalendar({ room, at }: { room: Room; at: string }): JSX.Element {
  const title = room.title || room.id;
  const save = () => {
    const url = addressOf(room);
    const text = [room.anchor && t('anchor', { name: room.anchor }), url].filter(Boolean).join('\n');
    const file = URL.createObjectURL(new Blob([calendarFile({ id: room.id, title, url, text, from: at, to: room.endAt })], { type: 'text/calendar' }));
    const link = document.createElement('a');
    link.href = file;
    link.download = `${room.id}.ics`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(file), MINUTE_MS); // some read it only after they asked where to put it
  };
  return <IconButton label={t('calendar_add', { title })} icon={<CalendarPlus />} kind="quiet" small onClick={save} testid="calendar" />;
}

function Share({ room }: { room: Room }): JSX.Element {
  const title = room.title || room.id;
  const share = async () => {
    const url = addressOf(room);
    if (navigator.share && matchMedia('(hover: none)').matches) {
      try {
        return await navigator.share({ title, url });
      } catch (err) {
        if ((err as DOMException | null)?.name === 'AbortError') return; // it was thought better of
      }
    }
    if (await toClipboard(url)) toast(t('share_copied'), { kind: 'good' });
    else toast(t('share_failed', { url }), { kind: 'bad' });
  };
  return <IconButton label={t('share_room', { title })} icon={<Outgoing />} kind="quiet" small onClick={() => void share()} testid="share" />;
}

/** Stands where a card will be. */
export const CardToCome = ({ first = false }: { first?: boolean }): JSX.Element => (
  <li class={`card card-to-come${first ? ' card-first' : ''}`}>
    <div class="card-picture" />
    <p class="card-bone" />
    <p class="card-bone card-bone-short" />
  </li>
);
