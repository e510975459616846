import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ChatClient } from '../chat/client.ts';
import { t } from '../i18n/index.ts';
import { Person, Send } from './icons.tsx';
import { NickDialog } from './nick-dialog.tsx';

const TEXT_MAX = 300;

/** Whether Enter in this event belongs to an input method (choosing a word), not to the form. Safari says so only by 229. */
export function composing(ev: { isComposing: boolean; keyCode: number }): boolean {
  return ev.isComposing || ev.keyCode === 229;
}

/** Where one speaks. Who has no name yet is asked for one when sending; the text waits. */
export function Composer({ chat }: { chat: ChatClient }): JSX.Element {
  const [text, setText] = useState('');
  const [asking, setAsking] = useState<'no' | 'to-send' | 'to-rename'>('no');
  const input = useRef<HTMLInputElement>(null);
  const me = chat.me.value;
  const { state } = chat.connection.value;

  const say = () => {
    const said = text.trim();
    if (said === '') return;
    if (me.anonymous) return setAsking('to-send');
    setText('');
    void chat.send(said);
  };
  const named = async (nick: string) => {
    await chat.becomeGuest(nick);
    if (asking !== 'to-send') return;
    const said = text.trim();
    setText('');
    void chat.send(said);
  };
  const onKeyDown = (ev: KeyboardEvent) => {
    if (ev.key !== 'Enter') return;
    ev.preventDefault();
    if (!composing(ev)) say();
  };

  return (
    <form
      class="composer"
      onSubmit={(ev) => {
        ev.preventDefault();
        say();
      }}
    >
      {!me.anonymous && (
        <button type="button" class="composer-me" title={t('chat_rename')} aria-label={`${t('chat_as', { nick: me.nick })} · ${t('chat_rename')}`} onClick={() => setAsking('to-rename')} data-testid="chat-me">
          <Person />
        </button>
      )}
      <input
        ref={input}
        type="text"
        aria-label={t('chat_input')}
        placeholder={me.anonymous ? t('chat_input') : `${t('chat_input')} (${t('chat_as', { nick: me.nick })})`}
        maxLength={TEXT_MAX}
        autocomplete="off"
        enterKeyHint="send"
        value={text}
        disabled={state === 'closed'}
        onInput={(ev) => setText(ev.currentTarget.value)}
        onKeyDown={onKeyDown}
        data-testid="chat-input"
      />
      <button type="submit" class="composer-send" aria-label={t('chat_send')} title={t('chat_send')} disabled={state === 'closed' || text.trim() === ''} data-testid="chat-send">
        <Send />
      </button>
      {asking !== 'no' && (
        <NickDialog
          initial={me.anonymous ? '' : me.nick}
          onName={named}
          onClose={() => {
            setAsking('no');
            input.current?.focus();
          }}
        />
      )}
    </form>
  );
}
