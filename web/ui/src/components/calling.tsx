import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { callAt, candidates, completed, type Person } from '../chat/calling.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { TEXT_MAX } from './composer.tsx';
import { MentionList } from './mention-list.tsx';

export interface CallingProps {
  chat: RoomChat;
  draft: string;
  onDraft(text: string): void;
  input: RefObject<HTMLInputElement | null>;
  members(): Promise<readonly Person[]>;
  /** Where whoever has the keys finds this. */
  handle: { current: Pick<Call, 'onKey' | 'look' | 'close'> | null };
}

/** Calling somebody by @: there from the first @ that is typed. */
export function Calling(props: CallingProps): JSX.Element | null {
  const call = useCall(props);
  const { input, handle } = props;
  handle.current = call;
  useEffect(() => {
    if (document.activeElement === input.current) call.look(); // else it was sent before this was here
    return () => {
      handle.current = null;
    };
  }, []);
  const open = call.people.length > 0;
  useLayoutEffect(() => {
    const box = input.current as HTMLInputElement;
    box.setAttribute('aria-expanded', String(open));
    if (!open) return;
    box.setAttribute('aria-controls', 'mentions');
    box.setAttribute('aria-activedescendant', `mention-${call.active}`);
    return () => {
      box.removeAttribute('aria-controls');
      box.removeAttribute('aria-activedescendant');
    };
  }, [open, call.active]);
  return open ? <MentionList people={call.people} active={call.active} onActive={call.onActive} onChoose={call.onChoose} /> : null;
}

export interface Call {
  people: readonly Person[];
  active: number;
  onActive(index: number): void;
  onChoose(person: Person): void;
  /** Takes a key that is for the list; false: it is not. */
  onKey(ev: KeyboardEvent): boolean;
  look(): void;
  close(): void;
}

const MOVES: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** Calling somebody by @: whom what is typed may mean, and which of them the keys are at. */
function useCall({ chat, draft, onDraft, input, members }: CallingProps): Call {
  const [at, setAt] = useState<{ from: number; prefix: string; caret: number } | null>(null);
  const [others, setOthers] = useState<readonly Person[]>([]);
  const [active, setActive] = useState(0);
  const caret = useRef<number | null>(null); // where it goes when a name was put in
  useLayoutEffect(() => {
    if (caret.current === null) return;
    input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [draft]);
  const close = () => setAt(null);
  const look = () => {
    const box = input.current as HTMLInputElement;
    const where = box.selectionStart ?? box.value.length;
    const found = callAt(box.value, where);
    if (found && !at && !chat.me.peek().anonymous) void members().then(setOthers);
    setActive(0);
    setAt(found && { ...found, caret: where });
  };
  // What was typed may be gone without a key: it was sent when somebody had taken a name.
  const people = at && draft[at.from] === '@' ? candidates(chat.log.peek(), others, at.prefix, chat.me.peek().user) : [];
  const choose = (person: Person) => {
    if (!at) return;
    const now = completed(draft, at.caret, at.from, person.nick);
    caret.current = now.caret;
    onDraft(now.text.slice(0, TEXT_MAX));
    close();
  };
  const onKey = (ev: KeyboardEvent): boolean => {
    const chosen = people[active];
    if (!chosen) return false;
    const by = MOVES[ev.key];
    if (by !== undefined) setActive((active + by + people.length) % people.length);
    else if (ev.key === 'Enter' || ev.key === 'Tab') choose(chosen);
    else if (ev.key === 'Escape') close();
    else return false;
    return true;
  };
  return { people, active: Math.min(active, Math.max(0, people.length - 1)), onActive: setActive, onChoose: choose, onKey, look, close };
}
