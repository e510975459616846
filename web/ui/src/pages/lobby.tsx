import { signal } from '@preact/signals';
import { render, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Api } from '../api/client.ts';
import { BrowserIdentities } from '../chat/identity.ts';
import { Header } from '../components/header.tsx';
import { LobbyBar } from '../components/lobby-bar.tsx';
import { CardToCome, RoomCard } from '../components/room-card.tsx';
import { TestCard } from '../components/test-card.tsx';
import { Button } from '../design/button.tsx';
import { Empty as Blank } from '../design/empty.tsx';
import { Toasts } from '../design/toast.tsx';
import { plural, ready, t } from '../i18n/lobby.ts';
import { followSettings } from '../lib/page.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/button.css';
import '../styles/field.css';
import '../styles/choice.css';
import '../styles/over.css';
import '../styles/words.css';
import '../styles/lobby.css';
import { LobbyModel, programme, reasonOf } from './lobby-model.ts';
import { addressOf, Arranger, sectionOf, viewOf, type View } from './lobby-view.ts';

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

/** Nothing fits what is looked for. */
function NoneFound({ view, onView }: { view: View; onView(view: View): void }): JSX.Element {
  return (
    <Blank title={view.q ? t('none_found', { q: view.q }) : t('none_here')} seed={view.q || view.show} action={<Button onClick={() => onView({ q: '', show: 'all' })}>{t('show_everything')}</Button>} testid="lobby-none">
      <p>{t(view.q ? 'none_found_text' : 'none_here_text')}</p>
    </Blank>
  );
}

const WAITING = 8;

function ToCome(): JSX.Element {
  return (
    <ul class="cards cards-to-come" aria-hidden="true" data-testid="lobby-skeleton">
      {Array.from({ length: WAITING }, (_, i) => (
        <CardToCome key={i} first={i === 0} />
      ))}
    </ul>
  );
}

const released = signal(0); // a pointer left the cards: what was held back is drawn

function Lobby({ model, onView }: { model: LobbyModel; onView(view: View): void }): JSX.Element {
  useEffect(() => {
    document.title = `${t('lobby_title')} · ${t('brand')}`;
  });
  const arranger = useRef<Arranger | null>(null);
  arranger.current ??= new Arranger();
  const { state, rooms, more, reasons, turning, reading, view } = model;
  const { q, show } = view.value;
  void released.value;
  const fitting = show === 'all' || turning.value ? rooms.value : rooms.value.filter((room) => sectionOf(room) === show);
  const sections = arranger.current.arrange(programme(fitting, reasons.value), JSON.stringify(view.value) + turning.value, performance.now());
  const some = sections.reduce((sum, section) => sum + section.rooms.length, 0);
  const hold = () => arranger.current?.hold(performance.now());
  const release = () => void (arranger.current?.release() && released.value++);
  const holding = {
    onPointerMove: (ev: PointerEvent) => ((ev.target as HTMLElement).closest('.card') ? hold() : release()),
    onPointerLeave: release,
    onFocusIn: hold,
    onFocusOut: (ev: FocusEvent) => void (!(ev.relatedTarget as HTMLElement | null)?.closest('.card') && release()),
    onKeyDown: hold,
  };
  return (
    <>
      <Header />
      <main id="content" class="lobby" data-state={state.value} data-turning={turning.value}>
        <h1 class="hidden">{t('lobby_title')}</h1>
        <LobbyBar view={view.value} onView={onView} />
        <p class="lobby-note" role="status">
          {state.value === 'error' && t('lobby_error')}
          {state.value === 'loading' && t('lobby_loading')}
          {state.value === 'ready' && q !== '' && !turning.value && some > 0 && (more.value ? plural('found_more', some) : plural('found', some))}
        </p>
        {state.value === 'loading' && <ToCome />}
        {state.value === 'ready' && some === 0 && !turning.value && (q === '' && show === 'all' ? <Empty /> : <NoneFound view={view.value} onView={onView} />)}
        <div class="programmes" aria-busy={turning.value} {...holding}>
          {sections.map(({ section, rooms: list }) => (
            <section key={section} class={`programme programme-${section}`} aria-labelledby={`section-${section}`}>
              <h2 id={`section-${section}`}>
                {t(`lobby_${section}`)} <span class="number">{list.length}</span>
              </h2>
              <ul class="cards">
                {list.map((room, i) => (
                  <RoomCard key={room.id} room={room} reason={reasonOf(reasons.value.get(room.id))} first={i === 0 && section === 'onair' && q === ''} />
                ))}
              </ul>
            </section>
          ))}
        </div>
        {more.value && some > 0 && (
          <div class="lobby-more">
            <Button kind="main" busy={reading.value} onClick={() => void model.showMore()} testid="more">
              {t('lobby_more')}
            </Button>
          </div>
        )}
      </main>
      <Toasts />
    </>
  );
}

const identities = new BrowserIdentities();
const model = new LobbyModel(new Api(), () => identities.load());
model.view.value = viewOf(location.search);
followSettings();
const show = (view: View) => {
  history.replaceState(history.state, '', addressOf(view));
  void model.look(view);
};
/** Nobody looks at a page that is hidden, also one that was opened so. */
const look = () => (document.visibilityState === 'visible' ? void model.refresh() : model.stop());
document.addEventListener('visibilitychange', look);
addEventListener('online', look);
addEventListener('popstate', () => void model.look(viewOf(location.search)));
void ready.then(() => render(<Lobby model={model} onView={show} />, document.getElementById('app') as HTMLElement));
look();
