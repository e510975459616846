import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../../api/http.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Callout } from '../../design/callout.tsx';
import { confirm } from '../../design/confirm.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Empty } from '../../design/empty.tsx';
import { Field } from '../../design/field.tsx';
import { useForm } from '../../design/form.ts';
import { Panel } from '../../design/frame.tsx';
import { useList } from '../../design/list.ts';
import { Stat, Stats } from '../../design/stat.tsx';
import { Checkbox, Switch } from '../../design/switch.tsx';
import { Table } from '../../design/table.tsx';
import { toast } from '../../design/toast.tsx';
import { amount, compact, when } from '../../i18n/index.ts';
import { tabled } from '../awaited.tsx';
import { useConsole, useRead } from '../context.ts';
import { span, spanOf, whole } from '../format.ts';
import { serverTime } from '../room-form.ts';
import { t } from '../texts.ts';
import { reasonWords, type Room } from './page.tsx';

type Summary = Schemas['SummaryBody'];
type Plan = Schemas['PlaybackPlan'];

/** The sessions that were, and what is to be shown again. */
export function PastTab({ room }: { room: Room }): JSX.Element {
  return (
    <div class="stack">
      <Sessions room={room} />
      <Plans room={room} />
    </div>
  );
}

function Sessions({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const list = useList<Summary>(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/rooms/{room}/sessions', { params: { path: { room: room.id }, query: { limit: 20, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: page.sessions, next: page.nextCursor ?? '' };
  }, [room.id, room.status.session]);
  const [open, setOpen] = useState<Summary | null>(null);
  return (
    <Panel title={t('sessions')} flush testid="sessions">
      <Table
        label={t('sessions')}
        columns={[
          { key: 'from', label: t('session_from'), priority: 1, cell: (one) => when(one.startedAt) },
          { key: 'long', label: t('session_long'), cell: (one) => (one.running ? <Badge kind="good" lamp>{t('session_running')}</Badge> : span(one.duration)) },
          { key: 'peak', label: t('session_peak'), end: true, cell: (one) => whole(one.peak) },
          { key: 'viewers', label: t('session_viewers'), end: true, cell: (one) => whole(one.viewers) },
          { key: 'messages', label: t('session_messages'), end: true, priority: 3, cell: (one) => whole(one.messages) },
          { key: 'gifts', label: t('session_gifts'), end: true, priority: 3, cell: (one) => amount(one.giftValue) },
          { key: 'more', label: t('col_act'), end: true, cell: (one) => <Button small onClick={() => setOpen(one)} testid="session-open">{t('session_summary')}</Button> },
        ]}
        rows={list.rows}
        rowKey={(one) => one.session}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty title={t('sessions_none')} small />}
      />
      {open && <SummaryDialog summary={open} onClose={() => setOpen(null)} />}
    </Panel>
  );
}

function SummaryDialog({ summary: s, onClose }: { summary: Summary; onClose(): void }): JSX.Element {
  return (
    <Dialog title={t('session_of', { time: when(s.startedAt) })} size="large" onClose={onClose} testid="session-dialog" actions={<Button onClick={onClose}>{t('close')}</Button>}>
      {!s.complete && <Callout kind="warn">{t('session_incomplete')}</Callout>}
      <Stats>
        <Stat label={t('session_long')} value={span(s.duration)} />
        <Stat label={t('session_peak')} value={whole(s.peak)} hint={s.peakAt ? when(s.peakAt) : undefined} />
        <Stat label={t('session_viewers')} value={whole(s.viewers)} />
        <Stat label={t('session_members')} value={whole(s.members)} />
        <Stat label={t('session_watch')} value={span(s.watchTime)} />
        <Stat label={t('session_messages')} value={whole(s.messages)} />
        <Stat label={t('session_likes')} value={compact(s.likes)} />
        <Stat label={t('session_gifts')} value={amount(s.giftValue)} hint={whole(s.giftCount)} />
      </Stats>
      <Curve points={s.onlineCurve} />
      <dl class="facts-list">
        <dt>{t('session_end')}</dt>
        <dd>{s.running ? t('session_running') : `${when(s.endedAt)} · ${s.reason === 'lost' ? t('session_lost') : reasonWords(s.reason)}`}</dd>
        <dt>{t('session_pauses')}</dt>
        <dd>{s.pauses > 0 ? `${whole(s.pauses)} · ${span(s.paused)}` : t('none')}</dd>
      </dl>
      {s.top.length > 0 && (
        <>
          <h3>{t('session_top')}</h3>
          <ol class="plain-list">
            {s.top.map((one) => (
              <li key={one.user}>
                <span>
                  {one.rank}. {one.nick || one.user}
                </span>
                <span class="number">{amount(one.value)}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Dialog>
  );
}

/** People over time. */
function Curve({ points }: { points: readonly number[] }): JSX.Element | null {
  if (points.length < 2) return null;
  const most = Math.max(...points, 1);
  const path = points.map((n, i) => `${i === 0 ? 'M' : 'L'}${((i * 100) / (points.length - 1)).toFixed(2)} ${(30 - (28 * n) / most).toFixed(2)}`).join('');
  return (
    <svg class="curve" viewBox="0 0 100 31" preserveAspectRatio="none" role="img" aria-label={t('session_curve', { n: whole(most) })}>
      <path d={path} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function Plans({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const found = useRead(async (h, signal) => (await data(h.GET('/api/v1/rooms/{room}/playbacks', { params: { path: { room: room.id } }, signal }))).playbacks, [room.id], { every: 15_000 });
  const [planning, setPlanning] = useState(false);
  const remove = (one: Plan) =>
    void confirm({ title: t('plan_delete'), text: t('plan_delete_text'), act: t('room_delete'), grave: true, run: async () => void (await data(http.DELETE('/api/v1/rooms/{room}/playbacks/{playback}', { params: { path: { room: room.id, playback: one.id } } }))) }).then((done) => void (done && found.read()));
  return (
    <Panel title={t('plans')} flush actions={<Button small onClick={() => setPlanning(true)} testid="plan-add">{t('plan_add')}</Button>} testid="plans">
      <Table
        label={t('plans')}
        columns={[
          { key: 'at', label: t('rooms_when'), priority: 1, cell: (one) => (one.cron ? <span class="mono">{one.cron}</span> : when(one.at ?? '')) },
          { key: 'next', label: t('plan_next'), cell: (one) => (one.nextAt ? when(one.nextAt) : '–') },
          { key: 'what', label: t('plan_what'), end: true, cell: (one) => whole(one.recordings.length) },
          { key: 'last', label: t('plan_last'), cell: (one) => (one.last?.at ? (one.last.began ? `${t('plan_began')} ${when(one.last.at)}` : (one.last.problem ?? '')) : '–') },
        ]}
        {...tabled(found)}
        rowKey={(one) => one.id}
        actions={(one) => [{ label: t('room_delete'), onSelect: () => remove(one), grave: true }]}
        empty={<Empty title={t('plans_none')} small>{t('plans_none_text')}</Empty>}
      />
      {planning && <PlanDialog room={room} onDone={() => void found.read()} onClose={() => setPlanning(false)} />}
    </Panel>
  );
}

interface PlanForm {
  recordings: string[];
  at: string;
  cron: string;
  for: string; // minutes
  loop: boolean;
}

function PlanDialog({ room, onDone, onClose }: { room: Room; onDone(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const found = useRead(async (h, signal) => (await data(h.GET('/api/v1/recordings', { params: { query: { room: room.id, state: 'done', limit: 50 } }, signal }))).recordings, [room.id]);
  const form = useForm<PlanForm>({
    initial: { recordings: [], at: '', cron: '', for: '', loop: false },
    check: (v) => ({
      recordings: v.recordings.length === 0 ? t('fault_recording') : '',
      at: v.cron.trim() === '' && !(Date.parse(v.at) > Date.now()) ? t('plan_when') : '',
      for: v.for.trim() === '' || /^\d{1,6}([.]\d+)?$/.test(v.for.trim()) ? '' : t('fault_number'),
    }),
    save: async (v) => {
      const times = v.cron.trim() ? { cron: v.cron.trim() } : { at: serverTime(v.at) as string };
      await data(http.POST('/api/v1/rooms/{room}/playbacks', { params: { path: { room: room.id } }, body: { recordings: v.recordings, ...times, ...(v.for.trim() ? { for: `${Math.round(Number(v.for) * 60)}s` } : {}), ...(v.loop ? { loop: true } : {}) } }));
    },
  });
  const submit = async (ev: Event) => {
    if (!(await form.submit(ev))) return;
    toast(t('plan_saved'));
    onDone();
    onClose();
  };
  const chosen = form.values.recordings;
  return (
    <Dialog
      title={t('plan_add')}
      onClose={onClose}
      onSubmit={(ev) => void submit(ev)}
      busy={form.busy}
      testid="plan-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy}>
            {t('plan_go')}
          </Button>
        </>
      }
    >
      <fieldset class="choices">
        <legend class="field-label">{t('plan_recordings')}</legend>
        {found.value?.length === 0 && <p>{t('playback_none')}</p>}
        {found.value?.map((one) => (
          <Checkbox key={one.id} label={`${one.title || room.id} · ${when(one.startedAt ?? '')} · ${spanOf(one.duration)}`} value={chosen.includes(one.id)} onValue={(on) => form.set('recordings', on ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))} />
        ))}
        <p class="field-error" role="alert">
          {form.field('recordings').error}
        </p>
      </fieldset>
      <div class="form-grid">
        <Field {...form.field('at')} type="datetime-local" label={t('field_scheduled')} optional />
        <Field {...form.field('cron')} label={t('pull_cron')} hint={t('pull_cron_hint')} placeholder="0 20 * * 5" mono optional />
        <Field {...form.field('for')} inputMode="decimal" label={t('pull_for')} after={t('unit_min')} optional />
      </div>
      <Switch {...form.field('loop')} label={t('playback_loop')} />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
