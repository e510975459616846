import { effect } from '@preact/signals';
import { create } from 'liveroom-sdk';
import { render, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Api } from '../api/client.ts';
import { BrowserIdentities } from '../chat/identity.ts';
import type { RecordingNow } from '../api/types.ts';
import { ChatPanel } from '../components/chat-panel.tsx';
import { FollowButton } from '../components/follow-button.tsx';
import { Header } from '../components/header.tsx';
import { Flame, People, Share } from '../components/icons.tsx';
import { NoticeLine } from '../components/notice.tsx';
import { Stage } from '../components/stage.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import { TestCard } from '../components/test-card.tsx';
import { compact, plural, ready, seconds, t, when } from '../i18n/index.ts';
import { lazy } from '../lib/lazy.tsx';
import { followSettings, roomOfPath } from '../lib/page.ts';
import { scene as sceneOf } from '../status/record.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/room.css';
import '../styles/player.css';
import '../styles/chat.css';
import '../styles/interact.css';
import { isOver, RoomModel } from './room-model.ts';

const MembersDialog = lazy(() => import('../components/members-dialog.tsx').then((m) => m.MembersDialog));
const ShareDialog = lazy(() => import('../components/share-dialog.tsx').then((m) => m.ShareDialog));
const Summary = lazy(() => import('../components/summary.tsx').then((m) => m.Summary));

function Facts({ model }: { model: RoomModel }): JSX.Element | null {
  const room = model.room.value;
  const record = model.isAnchor.value ? model.known.value : model.status.value;
  const interaction = model.interaction.value;
  const [members, setMembers] = useState(false);
  const [share, setShare] = useState(false);
  if (!room || !record) return null;
  const scene = sceneOf(record);
  const popularity = interaction?.totals.value.popularity ?? 0;
  const summary = isOver(record) ? interaction?.summaryOf(record.session) : null;
  return (
    <section class="facts" data-scene={scene}>
      <div class="facts-line">
        <StatusSign scene={scene} />
        <RecordingSign state={model.recording.value} />
        {model.seenLater.value > 0 && (
          <span class="delay-sign" role="status" data-testid="seen-later">
            {t('seen_later', { time: seconds(model.seenLater.value) })}
          </span>
        )}
        <Online model={model} onOpen={() => setMembers(true)} />
        {popularity > 0 && (
          <span class="facts-online" title={t('popularity')} data-testid="popularity" data-popularity={popularity}>
            <Flame /> <span class="hidden">{t('popularity')}</span> <span class="number">{compact(popularity)}</span>
          </span>
        )}
        {scene === 'live' && record.since && <span class="facts-since">{t('since', { time: when(record.since) })}</span>}
        <button type="button" class="facts-share" aria-haspopup="dialog" onClick={() => setShare(true)} data-testid="share-open">
          <Share /> <span class="facts-share-word">{t('share')}</span>
        </button>
      </div>
      <h1 data-testid="title">{room.title || room.id}</h1>
      {room.anchor && (
        <div class="facts-anchor">
          <span>{t('anchor', { name: room.anchor })}</span>
          {interaction && <FollowButton room={interaction} />}
        </div>
      )}
      <NoticeLine notice={model.notice.value} />
      {summary && <Summary summary={summary} />}
      {share && <ShareDialog room={room.id} title={room.title || room.id} onClose={() => setShare(false)} />}
      {members && interaction && <MembersDialog room={interaction} onClose={() => setMembers(false)} />}
    </section>
  );
}

/** That a live is recorded, for who sees to it. */
function RecordingSign({ state }: { state: RecordingNow | null }): JSX.Element | null {
  if (!state) return null;
  return (
    <span class={`recording-sign${state.cause ? ' recording-gaps' : ''}`} role="status" title={state.cause || undefined} data-testid="recording">
      <span class="lamp" aria-hidden="true" />
      {t('recording_on')}
      {state.cause && <span class="hidden">: {state.cause}</span>}
    </span>
  );
}

/** How many are here; for who has a name, the way to who they are. */
function Online({ model, onOpen }: { model: RoomModel; onOpen(): void }): JSX.Element {
  const inside = (
    <>
      <People /> <span class="number">{plural('online', model.online.value)}</span>
    </>
  );
  const facts = { class: 'facts-online', title: t('online_label'), 'data-testid': 'online', 'data-online': model.online.value };
  if (model.chat.value?.me.value.anonymous !== false) return <span {...facts}>{inside}</span>;
  return (
    <button type="button" {...facts} aria-haspopup="dialog" onClick={onOpen}>
      {inside}
    </button>
  );
}

function Absent({ model, room }: { model: RoomModel; room: string }): JSX.Element {
  const state = model.state.value;
  return (
    <main id="content" class="absent" data-testid="absent" data-state={state}>
      <div class="absent-picture">
        <TestCard seed={room} />
      </div>
      <div role="status">
        {state === 'loading' && <h1>{t('loading')}</h1>}
        {state === 'missing' && (
          <>
            <h1>{t('room_missing_title')}</h1>
            <p>{t('room_missing_text')}</p>
          </>
        )}
        {state === 'error' && (
          <>
            <h1>{t('room_error_title')}</h1>
            <p>{t('room_error_text')}</p>
          </>
        )}
      </div>
      {state !== 'loading' && (
        <a class="button" href="/">
          {t('lobby')}
        </a>
      )}
    </main>
  );
}

function Viewer({ model, api, id, embedded }: { model: RoomModel; api: Api; id: string; embedded: boolean }): JSX.Element {
  const room = model.room.value;
  const chat = model.chat.value;
  const interaction = model.interaction.value;
  return (
    <div class={`page${embedded ? ' page-embedded' : ''}`}>
      {!embedded && <Header />}
      {room && chat && interaction ? (
        <main id="content" class="room">
          <Stage model={model} api={api} />
          <Facts model={model} />
          <ChatPanel chat={chat} room={interaction} />
        </main>
      ) : (
        <Absent model={model} room={id} />
      )}
    </div>
  );
}

void import('../player/start.ts').catch(() => {}); // beside all else; who needs it tries again
const { room: id, embedded } = roomOfPath(location.pathname);
const api = new Api();
const identities = new BrowserIdentities();
identities.takeFrom(location, history);
const model = new RoomModel({
  api,
  room: id,
  identities,
  sdk: create({ SDKAppID: 0, host: location.origin }),
});
followSettings();
addEventListener('hashchange', () => identities.takeFrom(location, history) && location.reload()); // another user, on the page that is open
effect(() => {
  const record = model.status.value;
  const lamp = record?.name === 'live' ? '● ' : '';
  document.title = `${lamp}${model.room.value?.title || id} · ${t('brand')}`;
  document.documentElement.dataset.status = record?.name ?? '';
  document.documentElement.dataset.version = String(record?.version ?? '');
});
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && model.wake());
addEventListener('online', () => model.wake());
addEventListener('pageshow', (ev) => ev.persisted && model.wake());
void ready.then(() => render(<Viewer model={model} api={api} id={id} embedded={embedded} />, document.getElementById('app') as HTMLElement));
void model.start();
