import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { RoomChat } from '../chat/room-chat.ts';
import { lazy } from '../lib/lazy.tsx';

const NickDialog = lazy(() => import('./nick-dialog.tsx').then((m) => m.NickDialog));

/** What only somebody with a name may do: who has none is asked for one first. Returns how to do it, and the dialog to draw. */
export function useNamed(chat: RoomChat): [(act: () => void) => void, JSX.Element | null] {
  const [wish, setWish] = useState<(() => void) | null>(null);
  const from = useRef<HTMLElement | null>(null);
  const named = (act: () => void) => {
    if (!chat.me.value.anonymous) return act();
    from.current = document.activeElement as HTMLElement | null;
    setWish(() => act);
  };
  const dialog = wish && (
    <NickDialog
      initial=""
      renaming={false}
      onName={async (nick) => {
        await chat.takeName(nick);
        wish();
      }}
      onClose={() => {
        setWish(null);
        from.current?.focus();
      }}
    />
  );
  return [named, dialog];
}
