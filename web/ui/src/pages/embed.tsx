import { effect } from '@preact/signals';
import { create } from 'liveroom-sdk';
import { render, type JSX } from 'preact';
import { Api } from '../api/client.ts';
import { isSignatureError } from '../chat/errors.ts';
import { ChatPanel } from '../components/chat-panel.tsx';
import { Outside, People } from '../components/icons.tsx';
import { Stage } from '../components/stage.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import { TestCard } from '../components/test-card.tsx';
import { Bridge, type Outcome } from '../embed/bridge.ts';
import type { Command } from '../embed/command.ts';
import { EmbedIdentities } from '../embed/identity.ts';
import { plural, ready, speak, t } from '../i18n/index.ts';
import { followSettings, roomOfPath } from '../lib/page.ts';
import { theme } from '../lib/theme.ts';
import { Remote } from '../player/remote.ts';
import { scene as sceneOf } from '../status/record.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/room.css';
import '../styles/player.css';
import '../styles/chat.css';
import '../styles/interact.css';
import '../styles/embed.css';
import { embedOptions, type EmbedOptions } from './embed-options.ts';
import { RoomModel } from './room-model.ts';

/** Which room this is, how it stands, and the way to its own page. */
function Bar({ model, id }: { model: RoomModel; id: string }): JSX.Element {
  const record = model.status.value;
  const title = model.room.value?.title || id;
  return (
    <header class="embed-bar">
      {record && <StatusSign scene={sceneOf(record)} />}
      <h1>
        <a href={`/rooms/${encodeURIComponent(id)}`} target="_blank" rel="noopener" title={t('embed_open')} data-testid="embed-link">
          <bdi>{title}</bdi> <Outside />
          <span class="hidden"> {t('embed_open')}</span>
        </a>
      </h1>
      <span class="embed-online" title={t('online_label')} data-testid="online" data-online={model.online.value}>
        <People /> <span class="number">{plural('online', model.online.value)}</span>
      </span>
    </header>
  );
}

function Absent({ model, id }: { model: RoomModel; id: string }): JSX.Element {
  const state = model.state.value;
  return (
    <main class="embed-absent" data-testid="absent" data-state={state}>
      <TestCard seed={id} />
      <div class="embed-absent-words" role="status">
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
    </main>
  );
}

function Embed({ model, api, id, options, remote }: { model: RoomModel; api: Api; id: string; options: EmbedOptions; remote: Remote }): JSX.Element {
  const chat = model.chat.value;
  const interaction = model.interaction.value;
  if (!model.room.value || !chat || !interaction) return <Absent model={model} id={id} />;
  const layout = options.video && options.chat ? 'both' : options.video ? 'video' : 'chat';
  return (
    <main class="embed" data-testid="embed" data-layout={layout} data-state={model.state.value}>
      {options.video ? (
        <div class="embed-picture" data-playing={remote.now.value.playing}>
          <Stage model={model} api={api} remote={remote} />
          <Bar model={model} id={id} />
        </div>
      ) : (
        <Bar model={model} id={id} />
      )}
      {options.chat && <ChatPanel chat={chat} room={interaction} />}
    </main>
  );
}

const { room: id } = roomOfPath(location.pathname);
const options = embedOptions(location.search);
const spoken = options.lang ? speak(options.lang) : ready; // for this page: not remembered for others
if (options.theme !== 'auto') theme.value = options.theme;
followSettings();

const api = new Api();
const identities = new EmbedIdentities();
identities.takeFrom(location, history);
const model = new RoomModel({ api, room: id, identities, sdk: create({ SDKAppID: 0, host: location.origin }) });
const remote = new Remote(options);

let signing = false;
/** Comes in as somebody else; what is given is kept in this page's memory only. */
async function sign(who: { user: string; sig: string } | null): Promise<Outcome> {
  const chat = model.chat.peek();
  if (signing) return 'busy';
  signing = true;
  try {
    identities.give(who);
    if (chat) await chat.signIn(); // else it comes in so when it does
    return '';
  } catch (err) {
    return isSignatureError(err) ? 'signature_refused' : 'failed';
  } finally {
    signing = false;
  }
}

async function act(command: Exclude<Command, { type: 'liveroom:hello' }>): Promise<Outcome> {
  switch (command.type) {
    case 'liveroom:signin':
      return sign(command);
    case 'liveroom:signout':
      return sign(null);
    case 'liveroom:theme':
      theme.value = command.theme;
      return '';
  }
  if (!options.video || model.state.peek() !== 'ready') return 'not_ready';
  switch (command.type) {
    case 'liveroom:play':
      return (await remote.play()) ? '' : 'needs_press';
    case 'liveroom:pause':
      remote.pause(model.status.peek()?.name === 'playback');
      return '';
    case 'liveroom:mute':
      remote.mute();
      return '';
    case 'liveroom:unmute':
      return (await remote.unmute()) ? '' : 'needs_press';
    case 'liveroom:volume':
      remote.volume(command.volume);
      return '';
  }
}

effect(() => {
  const record = model.status.value;
  document.title = `${model.room.value?.title || id} · ${t('brand')}`;
  document.documentElement.dataset.status = record?.name ?? '';
  document.documentElement.dataset.version = String(record?.version ?? '');
});

if (window.parent !== window) {
  const bridge = new Bridge({ own: window, parent: window.parent, act });
  effect(() => {
    const [state, room, record] = [model.state.value, model.room.value, model.status.value];
    if (state === 'missing' || state === 'error') bridge.tell({ type: 'liveroom:absent', room: id, reason: state === 'missing' ? 'missing' : 'unreachable' });
    if (state !== 'ready' || !room || !record) return;
    bridge.tell({ type: 'liveroom:ready', room: id, title: room.title, video: options.video, chat: options.chat });
    const { name, code, version, epoch, session, since } = record;
    bridge.tell({ type: 'liveroom:status', room: id, status: name, scene: sceneOf(record), code, version, epoch, session, since, online: model.online.value });
    if (options.video) bridge.tell({ type: 'liveroom:player', room: id, held: remote.held.value, ...remote.now.value });
  });
}
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && model.wake());
addEventListener('online', () => model.wake());
addEventListener('pageshow', (ev) => ev.persisted && model.wake());
void spoken.then(() => render(<Embed model={model} api={api} id={id} options={options} remote={remote} />, document.getElementById('app') as HTMLElement));
void model.start();
