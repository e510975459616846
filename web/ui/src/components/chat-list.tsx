import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CrowdRow, GiftsRow, MessageRow, Named, Row } from '../chat/log.ts';
import { calls } from '../chat/mention.ts';
import { usePaced } from '../chat/paced.ts';
import { wordsOf } from '../chat/parts.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { follow, older, read, unread, type View } from '../chat/view.ts';
import { clock, names, plural, t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { webAddress } from '../lib/address.ts';
import { hash } from '../lib/hash.ts';
import { lazy } from '../lib/lazy.tsx';
import { clockOf } from '../lib/tick.ts';
import { scene } from '../status/record.ts';
import { GiftIcon } from './gift-icon.tsx';
import { Down, More } from './icons.tsx';
import { LevelBadge } from './level-badge.tsx';
import { NetHint } from './net-hint.tsx';
import { Parts } from './parts.tsx';

const MemberCard = lazy(() => import('./member-card.tsx').then((m) => m.MemberCard));
const ModerateDialog = lazy(() => import('./moderate-dialog.tsx').then((m) => m.ModerateDialog));

const ABOVE_PX = 200; // so close to the first row, older ones are drawn
const NEAR_PX = 20; // closer to the end than this, new rows pull the list along

/** The messages, oldest first. A reader who scrolled up is left in peace and told what is new. */
export function ChatList({ chat, room }: { chat: RoomChat; room: Interaction }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const height = useRef(0); // of the list, when `following` was last known
  const spoke = useRef(0);
  const view = useRef<View | null>(null);
  const mark = useRef<{ row: Element; top: number } | null>(null); // stays where it is while rows come above it
  const [, redraw] = useState(0);
  const [about, setAbout] = useState<MessageRow | null>(null); // what somebody who keeps order looks into
  const [who, setWho] = useState<MessageRow | null>(null); // whose card is open
  const { log, flood } = usePaced(chat.log);

  const look = () => {
    const box = list.current;
    // A list that changed its size was not scrolled by its reader.
    if (box && box.clientHeight === height.current) following.current = box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR_PX;
  };
  look(); // now, before new rows: the event of a scroll comes a frame late
  const toEnd = () => {
    const box = list.current as HTMLDivElement;
    box.scrollTop = box.scrollHeight;
    following.current = true;
  };
  if (chat.spoke.value !== spoke.current) {
    following.current = true; // who speaks wants to see it
    spoke.current = chat.spoke.value;
  }
  view.current = following.current || !view.current ? follow(log) : read(view.current, log);
  const { rows } = view.current;
  const news = unread(view.current, log);

  const onScroll = () => {
    const before = following.current;
    look();
    const box = list.current as HTMLDivElement;
    if (!following.current && box.scrollTop < ABOVE_PX) showOlder();
    else if (before !== following.current) redraw((n) => n + 1);
  };
  const showOlder = () => {
    const now = { ...(view.current as View), reading: true };
    view.current = older(now, chat.log.peek());
    const row = list.current?.firstElementChild;
    if (view.current.rows === now.rows || !row) return;
    mark.current = { row, top: row.getBoundingClientRect().top };
    redraw((n) => n + 1);
  };
  useLayoutEffect(() => {
    if (following.current) return toEnd();
    if (mark.current) (list.current as HTMLDivElement).scrollTop += mark.current.row.getBoundingClientRect().top - mark.current.top;
    mark.current = null;
  });
  const backToEnd = () => {
    toEnd();
    list.current?.focus(); // the button goes
    redraw((n) => n + 1);
  };
  useLayoutEffect(() => {
    // A phone's keyboard or a turned screen changes the height: who was at the end stays there.
    const box = list.current as HTMLDivElement;
    const resizing = new ResizeObserver(() => {
      height.current = box.clientHeight;
      if (following.current) toEnd();
    });
    resizing.observe(box);
    return () => resizing.disconnect();
  }, []);

  return (
    <div class="chat-body">
      <div class="chat-list" ref={list} onScroll={onScroll} onLoadCapture={() => following.current && toEnd()} role="log" aria-live={flood ? 'off' : 'polite'} aria-label={t('chat_log')} tabIndex={0} data-testid="chat-list">
        {rows.length === 0 && chat.presence.value.state === 'online' && <p class="chat-none">{t('chat_empty')}</p>}
        {rows.map((row) => (
          <Line key={row.key} row={row} chat={chat} onMore={setAbout} onWho={setWho} />
        ))}
      </div>
      <NetHint chat={chat} />
      {news > 0 && (
        <button type="button" class="chat-new" onClick={backToEnd} data-testid="chat-new">
          <Down /> {plural('chat_new', news)}
        </button>
      )}
      {about && <ModerateDialog chat={chat} row={about} onClose={() => setAbout(null)} />}
      {who && <MemberCard room={room} who={{ user: who.from, nick: who.nick, avatar: who.avatar, level: who.level, badge: who.badge }} onClose={() => setWho(null)} />}
    </div>
  );
}

interface LineProps<R> {
  row: R;
  chat: RoomChat;
  onMore(row: MessageRow): void;
  onWho(row: MessageRow): void;
}

function Line({ row, chat, onMore, onWho }: LineProps<Row>): JSX.Element {
  switch (row.kind) {
    case 'gap':
      return (
        <p class="chat-gap" data-testid="chat-gap">
          {t('chat_gap')}
        </p>
      );
    case 'status':
      return (
        <p class="chat-event" data-testid="chat-event">
          <time>{clock(row.time)}</time> {t(`event_${scene(row.record)}`)}
        </p>
      );
    case 'act':
      return (
        <p class="chat-event" data-testid="chat-act">
          <time>{clock(row.time)}</time> <bdi>{t(row.say, { who: row.who })}</bdi>
        </p>
      );
    case 'system':
      return (
        <p class="chat-system" data-testid="chat-system">
          <b>{t('system')}</b> <bdi>{row.text}</bdi>
        </p>
      );
    case 'crowd':
      return <Crowd row={row} />;
    case 'gifts':
      return <Gifts row={row} />;
    case 'news':
      return (
        <p class="chat-crowd" aria-live="off" data-testid="chat-news">
          <bdi>{t(row.say, row.values)}</bdi>
        </p>
      );
    case 'message':
      return <Message row={row} chat={chat} onMore={onMore} onWho={onWho} />;
  }
}

const called = ({ nick }: Named) => nick;

/** Who came and went: softly, and not read out. */
function Crowd({ row }: { row: CrowdRow }): JSX.Element {
  const { joined, left } = row;
  return (
    <p class="chat-crowd" aria-live="off" data-testid="chat-crowd">
      {joined.length > 0 && <bdi>{plural('crowd_joined', joined.length, { names: names(joined.map(called)) })}</bdi>}
      {joined.length > 0 && left.length > 0 && ' · '}
      {left.length > 0 && <bdi>{plural('crowd_left', left.length, { names: names(left.map(called)) })}</bdi>}
    </p>
  );
}

/** What was given: in colour, and read out apart, not one by one. */
function Gifts({ row }: { row: GiftsRow }): JSX.Element {
  return (
    <p class="chat-gifts" aria-live="off" data-testid="chat-gift">
      {row.more > 0 && <small>{plural('gift_more', row.more)}</small>}
      {row.entries.map((entry) => (
        <span key={entry.run} class="chat-gift">
          <bdi class="nick">{entry.nick}</bdi> {t('gift_sent', { gift: entry.gift.name })} <GiftIcon icon={entry.gift.icon} /> <b class="number">×{entry.total}</b>
        </span>
      ))}
    </p>
  );
}

function Message({ row, chat, onMore, onWho }: LineProps<MessageRow>): JSX.Element {
  const avatar = webAddress(row.avatar);
  const label = row.own ? t('own_more') : t('moderate', { nick: row.nick });
  const called = !row.own && row.at === undefined && calls(wordsOf(row.parts), chat.me.value.nick);
  return (
    <div class={`chat-row${called ? ' chat-called' : ''}${row.at === undefined ? '' : ' chat-past'}${row.own ? ' chat-own' : ''} chat-${row.state}`} data-testid="chat-message" data-seq={row.message.sequence} data-state={row.state}>
      {row.at !== undefined && <time class="chat-then number">{clockOf(Math.floor(row.at))}</time>}
      {avatar && <img class="avatar" src={avatar} alt="" width="20" height="20" loading="lazy" decoding="async" referrerpolicy="no-referrer" />}
      <LevelBadge level={row.level} badge={row.badge} />
      {/* Not on the way of the Tab key, of which there would be hundreds: the list of members leads to the same cards. */}
      <span class={`nick nick-${hash(row.from) % 8}`} title={row.at === undefined ? clock(row.time) : undefined} onClick={() => onWho(row)} data-testid="chat-nick">
        <bdi>{row.nick}</bdi>
      </span>{' '}
      {called && <span class="hidden">{t('mention_you')}</span>}
      <Parts parts={row.parts} nick={row.nick} />
      {row.state === 'sending' && <small class="chat-note"> {row.progress === undefined ? t('chat_sending') : t('chat_progress', { n: Math.floor(row.progress * 100) })}</small>}
      {row.state === 'failed' && (
        <small class="chat-note chat-why" role="alert">
          {t('chat_failed', { why: t(row.error ?? 'err_unknown') })}{' '}
          <button type="button" class="link" onClick={() => void chat.again(row)}>
            {t('retry')}
          </button>
        </small>
      )}
      {/* One's own may be taken back; for how long, the server says when it is asked. */}
      {(chat.keepsOrder.value || row.own) && row.state === 'sent' && row.at === undefined && (
        <button type="button" class="chat-more" aria-haspopup="dialog" aria-label={label} title={label} onClick={() => onMore(row)} data-testid="chat-more">
          <More />
        </button>
      )}
    </div>
  );
}
