import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { data, type Http, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout, type Tone } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head } from '../design/frame.tsx';
import { useList } from '../design/list.ts';
import { Progress } from '../design/progress.tsx';
import { Segmented } from '../design/segmented.tsx';
import { Checkbox } from '../design/switch.tsx';
import { Table, type Column } from '../design/table.tsx';
import { toast } from '../design/toast.tsx';
import { plural, t } from './community.ts';
import { useConsole } from './context.ts';
import { moment, whole } from './format.ts';
import { localTime, serverTime } from './room-form.ts';

type Broadcast = Schemas['BroadcastBody'];

const PAGE = 30;
const LOOK_MS = 2000; // while one is on its way
const TONES: Record<Broadcast['state'], Tone | 'plain'> = { scheduled: 'note', running: 'warn', cancelling: 'warn', done: 'good', cancelled: 'plain' };

const onItsWay = (one: Broadcast): boolean => one.state === 'running' || one.state === 'cancelling' || (one.state === 'scheduled' && Date.parse(one.nextAt ?? '') < Date.now() + LOOK_MS);

/** One message to many rooms: those that went, go, and will. */
export default function Broadcasts(): JSX.Element {
  const { http, session } = useConsole();
  const [writing, setWriting] = useState(false);
  const list = useList(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/broadcasts', { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: page.broadcasts, next: page.nextCursor };
  });
  const moving = list.rows?.some(onItsWay) ?? false;
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => document.hidden || void list.reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [moving]);
  return (
    <>
      <Head
        title={t('broadcasts_title')}
        text={t('broadcasts_text')}
        actions={
          <Button kind="main" icon={<Plus />} onClick={() => setWriting(true)} testid="broadcast-new">
            {t('broadcast_new')}
          </Button>
        }
      />
      <Table
        label={t('broadcasts_title')}
        columns={columns()}
        rows={list.rows}
        rowKey={(one) => one.id}
        rowName={(one) => textOf(one)}
        state={list.state === 'loading' && list.rows ? 'ready' : list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        actions={(one) => (one.state === 'scheduled' || one.state === 'running' ? [{ label: t('broadcast_cancel'), grave: true, onSelect: () => void cancel(http, one).then(() => list.reload()), testid: 'broadcast-cancel' }] : [])}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty title={t('broadcasts_none')} small>{t('broadcasts_none_text')}</Empty>}
        testid="broadcasts"
      />
      {writing && <WriteDialog onClose={() => setWriting(false)} onDone={() => (setWriting(false), void list.first())} />}
    </>
  );
}

async function cancel(http: Http, one: Broadcast): Promise<void> {
  await confirm({
    title: t('broadcast_cancel_title'), text: t('broadcast_cancel_text'), act: t('broadcast_cancel'), grave: true,
    run: async () => void (await data(http.DELETE('/api/v1/broadcasts/{broadcast}', { params: { path: { broadcast: one.id } } }))),
  });
}

/** What it says, of one whose body is a text. */
function textOf(one: Broadcast): string {
  const elements = Array.isArray(one.body) ? (one.body as { MsgType?: string; MsgContent?: { Text?: string } }[]) : [];
  return elements.map((element) => element.MsgContent?.Text ?? element.MsgType ?? '').join(' ') || one.id;
}

const columns = (): Column<Broadcast>[] => [
  {
    key: 'text',
    label: t('message'),
    priority: 1,
    wide: true,
    cell: (one) => (
      <span class="two-lines">
        <bdi>{textOf(one)}</bdi>
        <small>{toWhom(one)}</small>
      </span>
    ),
  },
  { key: 'state', label: t('state'), cell: (one) => <Badge kind={TONES[one.state]}>{t(`broadcast_${one.state}`)}</Badge> },
  { key: 'when', label: t('when'), cell: (one) => (one.cron ? <span class="two-lines"><span class="mono">{one.cron}</span><small>{one.nextAt ? t('next_at', { time: moment(one.nextAt) }) : ''}</small></span> : <span class="nowrap">{moment(one.nextAt ?? one.run.startedAt ?? one.createdAt)}</span>) },
  { key: 'run', label: t('reached'), cell: (one) => <Run run={one.run} state={one.state} /> },
];

function toWhom({ filter }: Broadcast): string {
  const rooms = filter.rooms?.length ? plural('to_rooms', filter.rooms.length) : t('to_all');
  const statuses = filter.status?.length ? ` · ${filter.status.map((status) => t(`status_${status as Status}`)).join(', ')}` : '';
  return rooms + statuses;
}

function Run({ run, state }: { run: Schemas['BroadcastRun']; state: Broadcast['state'] }): JSX.Element {
  if (!run.startedAt) return <span>–</span>;
  const words = `${plural('reached_people', run.reached)}${run.failed > 0 ? ` · ${plural('failed_rooms', run.failed)}` : ''}`;
  if (state === 'running' || state === 'cancelling') return <Progress label={t('broadcast_running')} value={run.rooms + run.skipped + run.failed} max={Math.max(1, run.of)} words={words} testid="broadcast-progress" />;
  return (
    <span class="two-lines nowrap" data-testid="broadcast-reached">
      <span>{plural('rooms', run.rooms)}</span>
      <small>{words}</small>
    </span>
  );
}

const STATUSES = ['waiting', 'live', 'paused', 'ended', 'playback'] as const;
type Status = (typeof STATUSES)[number];

interface Draft {
  text: string;
  rooms: string;
  statuses: readonly Status[];
  when: 'now' | 'at' | 'cron';
  at: string;
  cron: string;
}

const listed = (text: string): string[] => text.split(/[\s,，、]+/).filter((id) => id !== '');

function WriteDialog({ onClose, onDone }: { onClose(): void; onDone(): void }): JSX.Element {
  const { http } = useConsole();
  const [id] = useState(() => crypto.randomUUID?.() ?? `b${Date.now()}`); // a repeat after a lost answer sends nothing twice
  const form = useForm<Draft>({
    initial: { text: '', rooms: '', statuses: ['live', 'paused'], when: 'now', at: '', cron: '' },
    check: (v) => ({
      text: v.text.trim() ? '' : t('fault_empty'),
      rooms: listed(v.rooms).length > 500 ? t('fault_many', { n: whole(500) }) : '',
      at: v.when === 'at' && !(Date.parse(v.at) > Date.now()) ? t('fault_future') : '',
      cron: v.when === 'cron' && v.cron.trim() === '' ? t('fault_empty') : '',
    }),
    names: { 'filter.rooms': 'rooms' },
    save: async (v) => {
      const rooms = listed(v.rooms);
      const filter = { ...(rooms.length ? { rooms } : {}), ...(v.statuses.length && v.statuses.length < STATUSES.length ? { status: [...v.statuses] } : {}) };
      const at = v.when === 'at' ? serverTime(v.at) : null;
      await data(http.POST('/api/v1/broadcasts', { body: { id, text: v.text.trim(), filter, ...(at ? { at } : {}), ...(v.when === 'cron' ? { cron: v.cron.trim() } : {}) } }));
      toast(t(v.when === 'now' ? 'broadcast_sent' : 'broadcast_planned'));
      onDone();
    },
  });
  const v = form.values;
  const tick = (status: Status) => (on: boolean) => form.set('statuses', on ? [...v.statuses, status] : v.statuses.filter((one) => one !== status));
  return (
    <Dialog
      title={t('broadcast_new')}
      busy={form.busy}
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      testid="broadcast-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} testid="broadcast-send">
            {t(v.when === 'now' ? 'broadcast_send' : 'broadcast_plan')}
          </Button>
        </>
      }
    >
      <Field {...form.field('text')} label={t('message')} hint={t('message_hint')} rows={3} limit={{ max: 12_000, unit: 'bytes' }} testid="broadcast-text" />
      <fieldset class="ticks">
        <legend class="field-label">{t('to_which')}</legend>
        {STATUSES.map((status) => (
          <Checkbox key={status} label={t(`status_${status}`)} value={v.statuses.includes(status)} onValue={tick(status)} testid={`broadcast-${status}`} />
        ))}
      </fieldset>
      <Field {...form.field('rooms')} label={t('only_rooms')} hint={t('only_rooms_hint')} mono optional />
      <Segmented label={t('when')} labelShown value={v.when} onValue={(when) => form.set('when', when)} options={[{ value: 'now', label: t('when_now') }, { value: 'at', label: t('when_at') }, { value: 'cron', label: t('when_cron') }]} testid="broadcast-when" />
      {v.when === 'at' && <Field {...form.field('at')} type="datetime-local" label={t('at')} min={localTime(new Date().toISOString())} testid="broadcast-at" />}
      {v.when === 'cron' && <Field {...form.field('cron')} label={t('cron')} hint={t('cron_hint')} placeholder="CRON_TZ=Asia/Shanghai 0 20 * * *" mono testid="broadcast-cron" />}
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
