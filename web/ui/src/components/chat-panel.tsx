import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Person } from '../chat/calling.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { lazy } from '../lib/lazy.tsx';
import { ActBar } from './act-bar.tsx';
import { ChatList } from './chat-list.tsx';
import { Composer } from './composer.tsx';
import { Close } from './icons.tsx';

const DrawCard = lazy(() => import('./draw-card.tsx').then((m) => m.DrawCard));
const OutPanel = lazy(() => import('./out-panel.tsx').then((m) => m.OutPanel));

export function ChatPanel({ chat, room }: { chat: RoomChat; room: Interaction }): JSX.Element {
  const presence = chat.presence.value;
  const [draft, setDraft] = useState(''); // kept here, so that being away for a moment loses nothing
  return (
    <section class="chat" aria-labelledby="chat-title" data-testid="chat" data-state={presence.state}>
      <h2 id="chat-title" class="chat-title">
        {t('chat')}
      </h2>
      {room.draw.value && <DrawCard room={room} />}
      <ChatList chat={chat} room={room} />
      <p class="hidden" role="status" data-testid="called">
        {chat.called.value && t('mention_said', chat.called.value)}
      </p>
      <p class="hidden" role="status" data-testid="said">
        {room.said.value}
      </p>
      <Remark chat={chat} />
      <ActBar room={room} />
      {presence.state === 'out' ? <OutPanel chat={chat} out={presence} /> : <Composer chat={chat} draft={draft} onDraft={setDraft} members={() => others(room)} />}
    </section>
  );
}

async function others(room: Interaction): Promise<Person[]> {
  const found = await room.members();
  return typeof found === 'string' ? [] : found.map(({ userID, nick }) => ({ user: userID, nick: nick || userID }));
}

/** One thing to take note of. */
function Remark({ chat }: { chat: RoomChat }): JSX.Element | null {
  const { remark } = chat;
  if (remark.value === null) return null;
  return (
    <p class="chat-remark" role="alert" data-testid="chat-remark">
      {t('chat_remark', { what: t(remark.value) })}
      <button type="button" aria-label={t('close')} onClick={() => (remark.value = null)}>
        <Close />
      </button>
    </p>
  );
}
