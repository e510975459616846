import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatClient } from '../chat/client.ts';
import type { MessageRow, Row } from '../chat/log.ts';
import { clock, plural, t, type Key } from '../i18n/index.ts';
import { hash } from '../lib/hash.ts';
import { scene } from '../status/record.ts';
import { Down } from './icons.tsx';

const NEAR_PX = 20; // closer to the end than this, new rows pull the list along

/** The messages, oldest first. A reader who scrolled up is left in peace and told what is new. */
export function ChatList({ chat }: { chat: ChatClient }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const height = useRef(0); // of the list, when `following` was last known
  const lastKey = useRef('');
  const [unread, setUnread] = useState(0);
  const { rows } = chat.log.value;

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
    setUnread(0);
  };
  const onScroll = () => {
    look();
    if (following.current) setUnread(0);
  };
  useLayoutEffect(() => {
    const last = rows.at(-1);
    if (!last || last.key === lastKey.current) return;
    const from = rows.findIndex((row) => row.key === lastKey.current) + 1;
    lastKey.current = last.key;
    const own = last.kind === 'message' && last.own && last.state === 'sending';
    if (following.current || own) toEnd();
    else setUnread((n) => n + rows.slice(from).filter((row) => row.kind === 'message').length);
  }, [rows]);
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
      <div class="chat-list" ref={list} onScroll={onScroll} role="log" aria-label={t('chat_log')} tabIndex={0} data-testid="chat-list">
        {rows.length === 0 && chat.connection.value.state === 'online' && <p class="chat-none">{t('chat_empty')}</p>}
        {rows.map((row) => (
          <Line key={row.key} row={row} chat={chat} />
        ))}
      </div>
      {unread > 0 && (
        <button type="button" class="chat-new" onClick={toEnd} data-testid="chat-new">
          <Down /> {plural('chat_new', unread)}
        </button>
      )}
    </div>
  );
}

function Line({ row, chat }: { row: Row; chat: ChatClient }): JSX.Element {
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
    case 'message':
      return <Message row={row} chat={chat} />;
  }
}

function Message({ row, chat }: { row: MessageRow; chat: ChatClient }): JSX.Element {
  return (
    <p class={`chat-row${row.own ? ' chat-own' : ''} chat-${row.state}`} data-testid="chat-message" data-seq={row.seq} data-state={row.state}>
      <span class={`nick nick-${hash(row.from) % 8}`} title={clock(row.time)}>
        <bdi>{row.nick}</bdi>
      </span>{' '}
      <bdi class="said">{row.text}</bdi>
      {row.state === 'sending' && <small class="chat-note"> {t('chat_sending')}</small>}
      {row.state === 'failed' && (
        <small class="chat-note chat-why" role="alert">
          {t('chat_failed', { why: t((row.error ?? 'err_unknown') as Key) })}{' '}
          <button type="button" class="link" onClick={() => void chat.resend(row.random)}>
            {t('retry')}
          </button>
        </small>
      )}
    </p>
  );
}
