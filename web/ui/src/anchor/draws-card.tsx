import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { Form } from '../design/form.ts';
import { useList } from '../design/list.ts';
import { Select } from '../design/select.tsx';
import { Checkbox } from '../design/switch.tsx';
import { plural, t } from './texts.ts';
import { names, when } from '../i18n/index.ts';
import { clockOf, useTick } from '../lib/tick.ts';
import type { Desk } from './desk.ts';
import { Kept, useReload } from './kept.tsx';

type Draw = Schemas['DrawBody'];
const WINDOWS = [30, 60, 120, 300, 600] as const;

/** Starts lucky draws, and shows how those went that were. */
export function DrawsCard({ desk }: { desk: Desk }): JSX.Element {
  const told = desk.model.interaction.value?.draw.value; // the room is told of each step
  const list = useList(async (_, signal) => ({ rows: await desk.calls.draws(desk.room, signal) }), [desk]);
  useReload(list, `${told?.id} ${told?.state}`);
  const { rows: draws } = list;
  const open = draws?.find((draw) => draw.state === 'open');
  const past = draws?.filter((draw) => draw.state !== 'open') ?? [];
  return (
    <div class="draws" data-testid="draws">
      {draws && (open ? <Running desk={desk} draw={open} onDone={() => void list.reload()} /> : <NewDraw desk={desk} onStarted={() => void list.reload()} />)}
      <Kept list={list} label={t('tab_draws')} none={<Empty small title={t('draws_none')} />}>
        {() => past.length > 0 && <Past draws={past} />}
      </Kept>
    </div>
  );
}

function NewDraw({ desk, onStarted }: { desk: Desk; onStarted(): void }): JSX.Element {
  const form = useMemo(
    () =>
      new Form({
        initial: { title: '', prize: '', keyword: '', winners: '1', window: '60', follower: false },
        check: (v) => ({ title: v.title.trim() ? '' : t('draw_need_title'), keyword: v.keyword.trim() ? '' : t('draw_need_keyword'), winners: Number(v.winners) >= 1 && Number(v.winners) <= 1000 ? '' : t('draw_need_winners') }),
        save: async (v) => {
          await desk.calls.startDraw(desk.room, {
            title: v.title.trim(), prize: v.prize.trim(), trigger: { keyword: v.keyword.trim() }, window: `${v.window}s`, winners: Number(v.winners),
            ...(v.follower ? { eligibility: { follower: true } } : {}),
          });
        },
        names: { 'trigger.keyword': 'keyword', 'body.trigger.keyword': 'keyword' },
      }),
    [desk],
  );
  const submit = async (ev: Event) => {
    if (!(await form.submit(ev))) return;
    form.reset({ ...form.values, title: '', prize: '' });
    onStarted();
  };
  return (
    <form class="draw-form" onSubmit={(ev) => void submit(ev)} data-testid="draw-form">
      <Field label={t('draw_title')} {...form.field('title')} limit={{ max: 120, unit: 'bytes' }} testid="draw-title" />
      <Field label={t('draw_prize')} optional {...form.field('prize')} limit={{ max: 120, unit: 'bytes' }} testid="draw-prize" />
      <Field label={t('draw_keyword')} hint={t('draw_keyword_hint')} {...form.field('keyword')} testid="draw-keyword" />
      <div class="side-by-side">
        <Field label={t('draw_winners')} type="number" {...form.field('winners')} testid="draw-winners" />
        <Select label={t('draw_window')} {...form.field('window')} options={WINDOWS.map((s) => ({ value: String(s), label: plural('seconds', s) }))} testid="draw-window" />
      </div>
      <Checkbox label={t('draw_followers')} value={form.values.follower} onValue={(follower) => form.set('follower', follower)} testid="draw-followers" />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
      <Button type="submit" kind="main" busy={form.busy} testid="draw-start">
        {t('draw_start')}
      </Button>
    </form>
  );
}

function Running({ desk, draw, onDone }: { desk: Desk; draw: Draw; onDone(): void }): JSX.Element {
  useTick(true);
  const chat = desk.model.chat.value;
  const left = Math.max(0, Date.parse(draw.endsAt) / 1000 - (chat?.now() ?? Date.now() / 1000));
  const close = async (how: 'end' | 'cancel') => {
    const done = await confirm({
      title: t(`draw_${how}_title`), text: t(`draw_${how}_text`), act: t(`draw_${how}`), grave: how === 'cancel',
      run: async () => void (await desk.calls.closeDraw(desk.room, draw.id, how)),
    });
    if (done) onDone();
  };
  return (
    <Callout
      title={draw.title}
      testid="draw-running"
      action={
        <>
          <Button small onClick={() => void close('end')} testid="draw-end">
            {t('draw_end')}
          </Button>
          <Button small kind="plain" onClick={() => void close('cancel')} testid="draw-cancel">
            {t('draw_cancel')}
          </Button>
        </>
      }
    >
      <span class="number" role="timer" aria-live="off">
        {clockOf(left)}
      </span>{' '}
      · {plural('draw_places', draw.places)}
    </Callout>
  );
}

function Past({ draws }: { draws: readonly Draw[] }): JSX.Element {
  return (
    <ul class="past-draws">
      {draws.map((draw) => (
        <li key={draw.id} data-draw={draw.id} data-state={draw.state}>
          <b>
            <bdi>{draw.title}</bdi>
          </b>{' '}
          <Badge kind={draw.state === 'ended' ? 'good' : 'plain'}>{t(`draw_state_${draw.state}`)}</Badge>
          <small>
            {when(draw.startedAt)} · {plural('draw_entries', draw.entries)}
          </small>
          {draw.winners && draw.winners.length > 0 && <bdi>{t('draw_won_by', { names: names(draw.winners.map((winner) => winner.nick || winner.user)) })}</bdi>}
        </li>
      ))}
    </ul>
  );
}
