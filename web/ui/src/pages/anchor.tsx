import { effect, signal } from '@preact/signals';
import { create } from 'liveroom-sdk';
import { render, type JSX } from 'preact';
import { AnchorCalls } from '../anchor/calls.ts';
import { Desk } from '../anchor/desk.ts';
import { DeskPage } from '../anchor/desk-page.tsx';
import { Rooms } from '../anchor/rooms.tsx';
import { AnchorSession } from '../anchor/session.ts';
import { SignIn, type LinkState } from '../anchor/sign-in.tsx';
import { Api } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { Frame } from '../design/frame.tsx';
import { t } from '../anchor/texts.ts';
import { ready } from '../i18n/index.ts';
import { followSettings } from '../lib/page.ts';
import { Router } from '../lib/router.ts';
import { RoomModel } from './room-model.ts';
import '../design/styles.ts';
import '../styles/player.css';
import '../styles/chat.css';
import '../styles/interact.css';
import '../styles/gifts.css';
import '../styles/draw.css';
import '../styles/people.css';
import '../styles/summary.css';
import '../styles/anchor.css';

const session = new AnchorSession();
const link = signal<LinkState>({ busy: false, error: null });
const router = new Router('/anchor');
const api = new Api();
const calls = new AnchorCalls(() => session.who.peek()?.userSig ?? '', { onRefused: () => void session.check() });
const desk = signal<Desk | null>(null);

/** A desk for who is signed in and the room in the address; another one begins anew, with a chat of its own. */
function follow(): void {
  let open = '';
  effect(() => {
    const who = session.who.value;
    const room = router.query('room');
    const wanted = who && room ? `${who.userID} ${room}` : '';
    if (wanted === open) return;
    open = wanted;
    queueMicrotask(() => {
      if (wanted !== open) return;
      desk.peek()?.stop();
      desk.value = wanted ? deskOf(room) : null;
      desk.peek()?.start();
    });
  });
}

const goTo = (room: string): void => router.go(`/anchor?room=${encodeURIComponent(room)}`, { replace: true });

function deskOf(room: string): Desk {
  const model = new RoomModel({ api, room, identities: session.identities, sdk: create({ SDKAppID: 0, host: location.origin }) });
  return new Desk({ room, calls, model });
}

async function takeLink(): Promise<void> {
  const code = session.takeFrom(location, history);
  if (code === '') return;
  session.signOut(); // whoever was here is not who the link is for
  link.value = { busy: true, error: null };
  try {
    await session.redeem(code);
    link.value = { busy: false, error: null };
    goTo(session.room);
  } catch (error) {
    link.value = { busy: false, error };
  }
}

function Page(): JSX.Element {
  const who = session.who.value;
  const open = desk.value;
  return (
    <Frame
      title={t('console')}
      heading={open?.model.room.value?.title || open?.room || ''}
      path={router.at.value.pathname + router.at.value.search}
      gate={who ? undefined : <SignIn session={session} link={link.value} />}
      account={
        who && (
          <>
            <span class="desk-me">
              <bdi>{who.userID}</bdi>
            </span>
            <Button small kind="plain" onClick={() => session.signOut()} testid="sign-out">
              {t('sign_out')}
            </Button>
          </>
        )
      }
    >
      {who && !router.query('room') && <Rooms calls={calls} user={who.userID} onOnly={router.at.value.searchParams.has('all') ? null : goTo} />}
      {open && <DeskPage key={open.room} desk={open} api={api} />}
    </Frame>
  );
}

followSettings();
router.start();
follow();
addEventListener('hashchange', () => void takeLink());
const wake = () => desk.peek()?.model.wake();
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake());
addEventListener('online', wake);
addEventListener('pageshow', (ev) => ev.persisted && wake());
void ready.then(() => render(<Page />, document.getElementById('app') as HTMLElement));
void takeLink();
