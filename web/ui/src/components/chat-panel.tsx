import type { JSX } from 'preact';
import type { ChatClient } from '../chat/client.ts';
import { t } from '../i18n/index.ts';
import { ChatList } from './chat-list.tsx';
import { Composer } from './composer.tsx';

export function ChatPanel({ chat }: { chat: ChatClient }): JSX.Element {
  const connection = chat.connection.value;
  return (
    <section class="chat" aria-labelledby="chat-title" data-testid="chat" data-state={connection.state}>
      <h2 id="chat-title" class="chat-title">
        {t('chat')}
      </h2>
      <ChatList chat={chat} />
      <p class="chat-state" role="status">
        {connection.state === 'connecting' && t('chat_connecting')}
        {connection.state === 'offline' && t('chat_offline')}
        {connection.state === 'closed' && t(connection.why)}
      </p>
      <Composer chat={chat} />
    </section>
  );
}
