import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RoomChat } from '../chat/room-chat.ts';
import { t, type Key } from '../i18n/index.ts';

const BACK_MS = 4000;

/** How the line to the server stands, where that is anything to say; and for a moment, that it is back. Lies over the chat, which it does not move. */
export function NetHint({ chat }: { chat: RoomChat }): JSX.Element {
  const { state } = chat.presence.value;
  const network = useNetwork();
  const was = useRef(state);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (state === 'online') setBack(was.current === 'offline');
    if (state === 'online' || state === 'offline') was.current = state;
    if (state !== 'online') return;
    const timer = setTimeout(() => setBack(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const say: Key | '' =
    state === 'out' ? ''
    : !network ? 'net_offline'
    : state === 'connecting' ? 'chat_connecting'
    : state === 'offline' ? 'chat_offline'
    : chat.degraded.value ? 'chat_degraded'
    : back ? 'net_back'
    : '';
  return (
    <p class="net-hint" role="status" data-testid="net-hint" data-say={say}>
      {say && t(say)}
    </p>
  );
}

/** Whether the device has any network, as far as it knows. */
function useNetwork(): boolean {
  const [on, setOn] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOn(navigator.onLine);
    for (const name of ['online', 'offline']) addEventListener(name, look);
    return () => {
      for (const name of ['online', 'offline']) removeEventListener(name, look);
    };
  }, []);
  return on;
}
