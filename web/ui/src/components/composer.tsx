import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Person } from '../chat/calling.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { t, when, type Key } from '../i18n/index.ts';
import { useKeys } from '../lib/keys.ts';
import { lazy } from '../lib/lazy.tsx';
import { clockOf, useTick } from '../lib/tick.ts';
import { Person as PersonIcon, Photo, Send } from './icons.tsx';
import { FOREVER } from '../chat/out.ts';
import type { CallingProps } from './calling.tsx';

export const TEXT_MAX = 300;
const Calling = lazy(() => import('./calling.tsx').then((m) => m.Calling));
const NickDialog = lazy(() => import('./nick-dialog.tsx').then((m) => m.NickDialog));

const PICTURES = 'image/png,image/jpeg,image/gif,image/webp,image/avif,image/bmp';
const COUNTED_SECONDS = 3600; // a longer mute is told by its end

/** Whether Enter in this event belongs to an input method (choosing a word), not to the form. Safari says so only by 229. */
export function composing(ev: { isComposing: boolean; keyCode: number }): boolean {
  return ev.isComposing || ev.keyCode === 229;
}

/** Why one may not speak now, in words; null: one may. */
export function barrier(chat: RoomChat): { say: Key; until: number } | null {
  const muted = chat.muted.value;
  if (muted && muted.until > 0) return { say: muted.until === FOREVER ? 'bar_muted_forever' : 'bar_muted', until: muted.until };
  if (muted?.muted) return { say: 'bar_muted_all', until: 0 };
  if (chat.settings.value?.guestsSpeak === false && chat.me.value.guest) return { say: 'bar_guests', until: 0 };
  return null;
}

/** Pictures are for people with an account, where the room wants them and the server takes any. */
function maySendPictures(chat: RoomChat): boolean {
  if (chat.me.value.guest || chat.uploadsOff.value) return false;
  const uploads = chat.settings.value?.uploads;
  return uploads === 'members' || (uploads === 'admins' && chat.keepsOrder.value);
}

type Wish = { text: string } | 'rename';

/** Where one speaks. Who has no name yet is asked for one when speaking; what they wanted to say waits. */
export function Composer({ chat, draft, onDraft, members }: { chat: RoomChat; draft: string; onDraft(text: string): void; members(): Promise<readonly Person[]> }): JSX.Element {
  const [wish, setWish] = useState<Wish | null>(null); // waits for a name
  const input = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [calling, setCalling] = useState(false);
  const call = useRef<CallingProps['handle']['current']>(null);
  useKeys((ev) => {
    if (ev.key.toLowerCase() !== 'c' || input.current?.disabled !== false) return false;
    input.current.focus();
    return true;
  });
  const me = chat.me.value;
  const bar = barrier(chat);
  chat.limits.value; // drawn again when they change
  const wait = bar ? 0 : chat.wait();
  useTick(wait > 0 || (bar !== null && bar.until > 0 && bar.until !== FOREVER));

  const grant = (what: Wish) => {
    if (what === 'rename') return;
    onDraft('');
    void chat.say(what.text);
  };
  const say = () => {
    const said = draft.trim();
    if (said === '' || bar || chat.wait() > 0) return;
    if (me.anonymous) setWish({ text: said });
    else grant({ text: said });
  };
  const named = async (nick: string) => {
    await chat.takeName(nick);
    if (wish && barrier(chat) === null && chat.wait() === 0) grant(wish);
  };
  const chosen = () => {
    const element = file.current as HTMLInputElement;
    const picture = element.files?.[0];
    element.value = ''; // the same one may be chosen again
    if (picture) void chat.picture(picture);
  };
  const onKeyDown = (ev: KeyboardEvent) => {
    if (!composing(ev) && call.current?.onKey(ev)) return ev.preventDefault();
    if (ev.key !== 'Enter') return;
    ev.preventDefault();
    if (!composing(ev)) say();
  };

  const seconds = wait > 0 ? Math.max(1, Math.floor(wait / 1000)) : 0; // the server's clock is known to a second, rounded down
  return (
    <form
      class="composer"
      data-testid="composer"
      data-barred={bar?.say ?? ''}
      onSubmit={(ev) => {
        ev.preventDefault();
        say();
      }}
    >
      <Hint chat={chat} bar={bar} />
      {calling && !bar && <Calling chat={chat} draft={draft} onDraft={onDraft} input={input} members={members} handle={call} />}
      {!me.anonymous && (
        <button type="button" class="composer-me" title={t('chat_rename')} aria-label={`${t('chat_as', { nick: me.nick })} · ${t('chat_rename')}`} onClick={() => setWish('rename')} data-testid="chat-me">
          <PersonIcon />
        </button>
      )}
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded="false"
        aria-label={t('chat_input')}
        placeholder={bar ? t('bar_input') : me.anonymous ? t('chat_input') : t('chat_as', { nick: me.nick })}
        maxLength={TEXT_MAX}
        autocomplete="off"
        enterKeyHint="send"
        value={draft}
        disabled={bar !== null}
        onInput={(ev) => {
          onDraft(ev.currentTarget.value);
          if (ev.currentTarget.value.includes('@')) setCalling(true);
          call.current?.look();
        }}
        onClick={() => call.current?.look()}
        onBlur={() => call.current?.close()}
        onKeyDown={onKeyDown}
        data-testid="chat-input"
      />
      {maySendPictures(chat) && !bar && (
        <>
          <input ref={file} type="file" accept={PICTURES} hidden onChange={chosen} data-testid="chat-file" />
          <button type="button" class="composer-picture" aria-label={t('chat_picture')} title={t('chat_picture')} disabled={wait > 0} onClick={() => file.current?.click()} data-testid="chat-picture-button">
            <Photo />
          </button>
        </>
      )}
      <button
        type="submit"
        class="composer-send"
        aria-label={wait > 0 ? t('slow_wait', { n: seconds }) : t('chat_send')}
        title={wait > 0 ? t('slow_wait', { n: seconds }) : t('chat_send')}
        disabled={bar !== null || wait > 0 || draft.trim() === ''}
        data-testid="chat-send"
        data-wait={seconds}
      >
        {wait > 0 ? <span class="number">{seconds}</span> : <Send />}
      </button>
      {wish !== null && (
        <NickDialog
          initial={me.anonymous ? '' : me.nick}
          renaming={wish === 'rename'}
          onName={named}
          onClose={() => {
            setWish(null);
            input.current?.focus();
          }}
        />
      )}
    </form>
  );
}

/** What holds for speaking now: not at all, and until when; or one message in so many seconds. */
function Hint({ chat, bar }: { chat: RoomChat; bar: ReturnType<typeof barrier> }): JSX.Element | null {
  const slow = chat.limits.value?.slowMode ?? 0;
  if (!bar) return slow > 0 && !chat.keepsOrder.value ? <p class="composer-hint">{t('slow_hint', { n: slow })}</p> : null;
  const left = bar.until === 0 || bar.until === FOREVER ? 0 : bar.until - chat.now();
  return (
    <p class="composer-hint composer-bar" data-testid="chat-bar">
      <span role="status">{t(bar.say, { time: when(bar.until * 1000) })}</span>
      {left > 0 && left <= COUNTED_SECONDS && (
        <span class="number" role="timer">
          {clockOf(left)}
        </span>
      )}
    </p>
  );
}
