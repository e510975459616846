import { render, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Api } from '../api/client.ts';
import type { Room } from '../api/types.ts';
import { BrowserIdentities } from '../chat/identity.ts';
import { Cover } from '../components/cover.tsx';
import { Header } from '../components/header.tsx';
import { Flame, People } from '../components/icons.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import { TestCard } from '../components/test-card.tsx';
import { compact, plural, t, when } from '../i18n/index.ts';
import { followSettings } from '../lib/page.ts';
import { scene } from '../status/record.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/lobby.css';
import { LobbyModel, programme, reasonOf, type Reason } from './lobby-model.ts';

const COVER_PX = 320;

function Card({ room, reason }: { room: Room; reason: Reason | null }): JSX.Element {
  const now = scene(room.status);
  const watched = now === 'live' || now === 'interrupted' || now === 'paused' || room.online > 0;
  return (
    <li class="card" data-testid="room-card" data-room={room.id} data-status={room.status.name}>
      <a href={`/rooms/${encodeURIComponent(room.id)}`}>
        <div class={`card-picture card-${now}`}>
          <TestCard seed={room.id} />
          {room.cover && <Cover address={room.cover} class="card-cover" width={COVER_PX} />}
          <StatusSign scene={now} />
          {watched && (
            <span class="card-online">
              <People /> <span class="number">{plural('online', room.online)}</span>
            </span>
          )}
          {reason && now !== 'ended' && (
            <span class={`card-reason card-reason-${reason}`} data-testid="reason" data-reason={reason}>
              {t(`reason_${reason}`)}
            </span>
          )}
        </div>
        <h3>{room.title || room.id}</h3>
        <p class="card-line">
          {room.anchor && <span>{t('anchor', { name: room.anchor })}</span>}
          {(room.popularity ?? 0) > 0 && (
            <span class="card-heat" title={t('popularity')}>
              <Flame /> <span class="hidden">{t('popularity')}</span> <span class="number">{compact(room.popularity ?? 0)}</span>
            </span>
          )}
          {now === 'waiting' && room.scheduledAt && <time dateTime={room.scheduledAt}>{t('starts_at', { time: when(room.scheduledAt) })}</time>}
          {now === 'live' && room.status.since && <time dateTime={room.status.since}>{t('since', { time: when(room.status.since) })}</time>}
        </p>
      </a>
    </li>
  );
}

function Empty(): JSX.Element {
  return (
    <section class="empty" data-testid="lobby-empty">
      <div class="empty-picture">
        <TestCard seed="nobody" />
      </div>
      <h2>{t('empty_title')}</h2>
      <p>{t('empty_text')}</p>
      <ol>
        <li>
          {t('empty_step_address')}
          <pre>
            <code>liveroom address push --room demo</code>
          </pre>
        </li>
        <li>
          {t('empty_step_obs')}
          <pre>
            <code>{'ffmpeg -re -f lavfi -i testsrc2=s=1280x720:r=30 -f lavfi -i sine \\\n  -c:v libx264 -g 60 -pix_fmt yuv420p -c:a aac -f flv "rtmp://…"'}</code>
          </pre>
        </li>
      </ol>
    </section>
  );
}

function Lobby({ model }: { model: LobbyModel }): JSX.Element {
  useEffect(() => {
    document.title = `${t('lobby_title')} · ${t('brand')}`;
  });
  const { state, rooms, more, reasons } = model;
  const sections = programme(rooms.value, reasons.value);
  return (
    <>
      <Header />
      <main id="content" class="lobby" data-state={state.value}>
        <h1 class="hidden">{t('lobby_title')}</h1>
        <p class="lobby-note" role="status">
          {state.value === 'error' && t('lobby_error')}
          {state.value === 'loading' && t('lobby_loading')}
        </p>
        {state.value === 'ready' && sections.length === 0 && <Empty />}
        {sections.map(({ section, rooms: list }) => (
          <section key={section} class={`programme programme-${section}`} aria-labelledby={`section-${section}`}>
            <h2 id={`section-${section}`}>
              {t(`lobby_${section}`)} <span class="number">{list.length}</span>
            </h2>
            <ul class="cards">
              {list.map((room) => (
                <Card key={room.id} room={room} reason={reasonOf(reasons.value.get(room.id))} />
              ))}
            </ul>
          </section>
        ))}
        {more.value && (
          <button type="button" class="button lobby-more" onClick={() => void model.showMore()}>
            {t('lobby_more')}
          </button>
        )}
      </main>
    </>
  );
}

const identities = new BrowserIdentities();
const model = new LobbyModel(new Api(), () => identities.load());
followSettings();
/** Nobody looks at a page that is hidden, also one that was opened so. */
const look = () => (document.visibilityState === 'visible' ? void model.refresh() : model.stop());
document.addEventListener('visibilitychange', look);
addEventListener('online', look);
render(<Lobby model={model} />, document.getElementById('app') as HTMLElement);
look();
