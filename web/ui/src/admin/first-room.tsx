import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Tick } from '../components/icons.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { ApiError, data, type Http, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Panel } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { useConsole, useRead } from './context.ts';
import { lazy } from '../lib/lazy.tsx';
import { isAway } from './loader.ts';
import { idFrom, type Step } from './overview-model.ts';
import { Playing } from './player.tsx';
import { Addresses } from './room/now.tsx';
import { emptyRoom, faultsOf } from './room-form.ts';
import { t } from './texts.ts';
import { refusalWords } from '../anchor/words.ts';

type Room = Schemas['RoomBody'];

const ObsGuide = lazy(() => import('../anchor/obs-guide.tsx').then((module) => module.ObsGuide));

const STEPS = ['room', 'push', 'live'] as const;

/** From nothing to the first picture, without a command line. */
export function FirstRoom({ step, room, onLed, onDone }: { step: Exclude<Step, 'done'>; room: Room | null; onLed(room: Room): void; onDone(): void }): JSX.Element {
  const at = STEPS.indexOf(step);
  const body = useRef<HTMLDivElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) body.current?.focus();
    before.current = step;
  }, [step]);
  return (
    <Panel testid="first-room">
      <ol class="steps" aria-label={t('first_steps')}>
        {STEPS.map((one, i) => (
          <li key={one} aria-current={i === at ? 'step' : undefined} data-state={i < at ? 'done' : i === at ? 'now' : 'then'}>
            <span class="steps-number number">{i < at ? <Tick /> : i + 1}</span> {t(`first_${one}`)}
          </li>
        ))}
      </ol>
      <div ref={body} class="steps-body" tabIndex={-1} data-testid={`first-${step}`}>
        {step === 'room' && <Make onMade={onLed} />}
        {step === 'push' && room && <Push room={room} />}
        {step === 'live' && room && <OnAir room={room} onDone={onDone} />}
      </div>
    </Panel>
  );
}

function Make({ onMade }: { onMade(room: Room): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { title: '', id: '' },
    check: (v) => {
      const fault = faultsOf({ ...emptyRoom, ...v }, true);
      return { title: v.title.trim() === '' ? t('first_title_empty') : fault.title ? t(fault.title) : '', id: fault.id ? t(fault.id) : '' };
    },
    save: async ({ title, id }) => {
      const wanted = id.trim() || idFrom(title);
      onMade(await create(http, { title: title.trim(), ...(wanted ? { id: wanted } : {}) }));
    },
  });
  return (
    <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
      <h2>{t('room_first')}</h2>
      <p>{t('first_room_text')}</p>
      <div class="form-grid">
        <Field {...form.field('title')} label={t('field_title')} placeholder={t('first_title_example')} required testid="first-title" />
        <Field {...form.field('id')} label={t('field_id')} hint={t('field_id_hint')} placeholder={idFrom(form.values.title)} mono optional testid="first-id" />
      </div>
      {form.error && <Callout kind="bad">{form.error}</Callout>}
      <div>
        <Button type="submit" kind="main" busy={form.busy} testid="first-create">
          {t('room_create')}
        </Button>
      </div>
    </form>
  );
}

/** With pictures for the wall, where the server can take some. */
async function create(http: Http, draft: Schemas['RoomDraft']): Promise<Room> {
  try {
    return await data(http.POST('/api/v1/rooms', { body: { ...draft, screenshots: { every: '10s' } } }));
  } catch (err) {
    if (!(err instanceof ApiError && err.code === 'screenshots_unavailable')) throw err;
    return data(http.POST('/api/v1/rooms', { body: draft }));
  }
}

/** Where to push to, how OBS is told, and that the server waits; a refused try says why. */
function Push({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const made = useRead(() => data(http.POST('/api/v1/rooms/{room}/addresses', { params: { path: { room: room.id } }, body: { expiresIn: '24h' } })), [room.id]);
  const refused = useRead(async (h, signal) => (await data(h.GET('/api/v1/rooms/{room}/refusals', { params: { path: { room: room.id } }, signal }))).refusals, [room.id], { every: 4000 });
  const last = refused.value?.[0];
  const rtmp = made.value?.push.rtmp ?? '';
  return (
    <div class="stack">
      <h2>{t('first_push_title', { room: room.title || room.id })}</h2>
      <div class="columns">
        <div class="column">
          {made.error !== null && !isAway(made.error) && (
            <Callout kind="bad" action={<Button small onClick={() => void made.read()}>{t('retry')}</Button>}>
              {errorWords(made.error)}
            </Callout>
          )}
          {made.value && <Addresses made={made.value} />}
        </div>
        <div class="column">
          {made.value && <ObsGuide server={made.value.push.obs.server} open />}
          {rtmp && (
            <details class="form-group">
              <summary>{t('first_ffmpeg')}</summary>
              <CopyField label={t('first_ffmpeg_label')} value={ffmpegLine(rtmp)} secret />
            </details>
          )}
        </div>
      </div>
      {last && (
        <Callout kind="warn" title={t('first_refused')} testid="first-refused">
          {refusalWords(last.code, last.detail)}
        </Callout>
      )}
      <p class="waiting" role="status" data-testid="first-waiting">
        <Spinner /> {t('first_waiting')}
      </p>
    </div>
  );
}

/** A picture that moves and a tone, for who has no encoder at hand. */
const ffmpegLine = (rtmp: string): string =>
  `ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 -c:v libx264 -preset veryfast -b:v 1500k -g 60 -pix_fmt yuv420p -c:a aac -f flv '${rtmp}'`;

function OnAir({ room, onDone }: { room: Room; onDone(): void }): JSX.Element {
  const [page] = useState(() => `${location.origin}/rooms/${encodeURIComponent(room.id)}`);
  return (
    <div class="stack">
      <h2>{t('first_live_title')}</h2>
      <div class="columns">
        <div class="column">
          <div class="watch">
            <Playing room={room.id} live />
          </div>
        </div>
        <div class="column">
          <p>{t('first_live_text')}</p>
          <CopyField label={t('play_page')} value={page} qr={() => <QrCode text={page} label={t('play_page')} />} testid="first-page" />
          <div class="make">
            <Button kind="main" href={`/admin/rooms/${encodeURIComponent(room.id)}`} testid="first-room-page">
              {t('first_room_page')}
            </Button>
            <Button href="/admin/wall">{t('wall_title')}</Button>
            <Button kind="plain" onClick={onDone} testid="first-done">
              {t('first_done')}
            </Button>
          </div>
        </div>
      </div>
    </div>
  );
}
