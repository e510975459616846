import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, data, type Schemas } from '../api/http.ts';
import { Avatar } from '../design/avatar.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Progress } from '../design/progress.tsx';
import { Select } from '../design/select.tsx';
import { Spinner } from '../design/spinner.tsx';
import { toast } from '../design/toast.tsx';
import { t } from './community.ts';
import { useConsole, useRead } from './context.ts';
import { moment, whole } from './format.ts';
import { localTime, serverTime } from './room-form.ts';

type Account = Schemas['AccountBody'];
type Level = Schemas['LevelBody'];

/** One account: who it is, its level and membership, and what may be done about it. */
export function UserPage({ user }: { user: string }): JSX.Element {
  const account = useRead((http, signal) => data(http.GET('/api/v1/accounts/{user}', { params: { path: { user } }, signal })), [user]);
  const level = useRead((http, signal) => data(http.GET('/api/v1/users/{user}/level', { params: { path: { user } }, signal })), [user]);
  const back = { href: '/admin/users', label: t('users_title') };
  if (account.error instanceof ApiError && account.error.status === 404) {
    return (
      <>
        <Head title={user} back={back} />
        <Empty title={t('user_missing')} small testid="user-missing">
          {t('user_missing_text')}
        </Empty>
      </>
    );
  }
  if (!account.value) return account.error ? <Callout kind="bad" action={<Button onClick={() => void account.read()}>{t('again')}</Button>}>{errorWords(account.error)}</Callout> : <Spinner />;
  return (
    <>
      <Head title={account.value.nick || user} text={<span class="mono">{user}</span>} back={back} />
      <div class="columns" data-testid="user-page">
        <Profile account={account.value} onChange={account.put} />
        {level.value && <Standing level={level.value} onChange={level.put} />}
        <InRoom user={user} />
        <Grave account={account.value} onChange={() => void account.read()} />
      </div>
    </>
  );
}

function Profile({ account, onChange }: { account: Account; onChange(account: Account): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { nick: account.nick, avatar: account.avatar },
    save: async (v) => {
      onChange(await data(http.PATCH('/api/v1/accounts/{user}', { params: { path: { user: account.user } }, body: { nick: v.nick.trim(), avatar: v.avatar.trim() } })));
      toast(t('saved'));
    },
  });
  return (
    <Panel title={t('user_profile')} testid="user-profile">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)}>
        <Avatar name={account.nick || account.user} address={account.avatar} size="large" />
        <Field {...form.field('nick')} label={t('nick')} testid="profile-nick" />
        <Field {...form.field('avatar')} label={t('avatar')} hint={t('avatar_hint')} type="url" optional />
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <Button type="submit" busy={form.busy} disabled={!form.changed} testid="profile-save">
          {t('save')}
        </Button>
      </form>
    </Panel>
  );
}

function Standing({ level, onChange }: { level: Level; onChange(level: Level): void }): JSX.Element {
  const { http } = useConsole();
  const path = { user: level.user };
  const order = useRef({ of: '', id: '' }); // the same again after a lost answer gives no second time
  const points = useForm({
    initial: { points: '', reason: '' },
    check: (v) => ({ points: /^-?[1-9]\d{0,11}$/.test(v.points.trim()) ? '' : t('fault_points'), reason: v.reason.trim() ? '' : t('fault_reason') }),
    save: async (v) => {
      const of = JSON.stringify(v);
      if (order.current.of !== of) order.current = { of, id: crypto.randomUUID?.() ?? String(Math.random()).slice(2) };
      onChange(await data(http.POST('/api/v1/users/{user}/level/adjust', { params: { path }, body: { points: Number(v.points), reason: v.reason.trim(), id: order.current.id } })));
      order.current = { of: '', id: '' };
      toast(t('saved'));
    },
  });
  const membership = useForm({
    initial: { tier: level.membership, until: localTime(level.membershipUntil) },
    check: (v) => ({ tier: v.tier.trim() ? '' : t('fault_tier') }),
    save: async (v) => {
      onChange(await data(http.PUT('/api/v1/users/{user}/membership', { params: { path }, body: { tier: v.tier.trim(), until: serverTime(v.until) } })));
      toast(t('saved'));
    },
  });
  useEffect(() => membership.take({ tier: level.membership, until: localTime(level.membershipUntil) }), [level.membership, level.membershipUntil]);
  const end = async () => {
    await confirm({
      title: t('membership_end_title'), text: t('membership_end_text'), act: t('membership_end'),
      run: async () => onChange(await data(http.DELETE('/api/v1/users/{user}/membership', { params: { path } }))),
    });
  };
  return (
    <Panel title={t('user_level', { n: level.level })} testid="user-level">
      <div class="stack">
        <Progress label={t('level_score')} value={level.score} max={level.next || Math.max(1, level.score)} words={level.next ? t('level_next', { score: whole(level.score), next: whole(level.next) }) : t('level_top', { score: whole(level.score) })} />
        <form class="stack" onSubmit={(ev) => void points.submit(ev).then((done) => done && points.reset({ points: '', reason: '' }))}>
          <div class="form-grid">
            <Field {...points.field('points')} label={t('points')} hint={t('points_hint')} inputMode="numeric" testid="level-points" />
            <Field {...points.field('reason')} label={t('reason')} hint={t('reason_hint')} limit={{ max: 200, unit: 'bytes' }} testid="level-reason" />
          </div>
          {points.error && <Callout kind="bad">{points.error}</Callout>}
          <Button type="submit" busy={points.busy} testid="level-adjust">
            {t('points_give')}
          </Button>
        </form>
        <form class="stack" onSubmit={(ev) => void membership.submit(ev)}>
          <div class="form-grid">
            <Field {...membership.field('tier')} label={t('membership')} hint={t('membership_hint')} testid="membership-tier" />
            <Field {...membership.field('until')} type="datetime-local" label={t('membership_until')} optional />
          </div>
          {membership.error && <Callout kind="bad">{membership.error}</Callout>}
          <div class="chips">
            <Button type="submit" busy={membership.busy} disabled={!membership.changed} testid="membership-save">
              {t('save')}
            </Button>
            {level.membership && (
              <Button kind="plain" onClick={() => void end()}>
                {t('membership_end')}
              </Button>
            )}
          </div>
        </form>
      </div>
    </Panel>
  );
}

const TIMES = [600, 3600, 86_400, 604_800, 2_592_000, 0] as const; // s; 0: for ever
const ACTS = ['mute', 'unmute', 'ban', 'unban'] as const;
type Act = (typeof ACTS)[number];

/** What is done about somebody in one room: mutes and bans are the rooms', not the account's. */
function InRoom({ user }: { user: string }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<{ room: string; act: Act; seconds: string; reason: string }>({
    initial: { room: '', act: 'mute', seconds: '600', reason: '' },
    check: (v) => ({ room: v.room.trim() ? '' : t('fault_room') }),
    save: async ({ room, act, seconds, reason }) => {
      const params = { path: { room: room.trim(), user } };
      const body = { ...(seconds === '0' ? {} : { duration: `${seconds}s` }), ...(reason.trim() ? { reason: reason.trim() } : {}) };
      if (act === 'mute') await data(http.PUT('/api/v1/rooms/{room}/mutes/{user}', { params, body }));
      else if (act === 'ban') await data(http.PUT('/api/v1/rooms/{room}/bans/{user}', { params, body }));
      else if (act === 'unmute') await data(http.DELETE('/api/v1/rooms/{room}/mutes/{user}', { params }));
      else await data(http.DELETE('/api/v1/rooms/{room}/bans/{user}', { params }));
      toast(t(`done_${act}`, { user, room: room.trim() }));
    },
  });
  const lifting = form.values.act === 'unmute' || form.values.act === 'unban';
  return (
    <Panel title={t('in_room')} testid="user-in-room">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)}>
        <Field {...form.field('room')} label={t('room_id')} hint={t('in_room_hint')} mono testid="sanction-room" />
        <Select {...form.field('act')} label={t('what')} options={ACTS.map((value) => ({ value, label: t(`act_${value}`) }))} testid="sanction-act" />
        {!lifting && (
          <>
            <Select {...form.field('seconds')} label={t('how_long')} options={TIMES.map((s) => ({ value: String(s), label: t(`time_${s}`) }))} testid="sanction-time" />
            <Field {...form.field('reason')} label={t('reason')} optional limit={{ max: 200, unit: 'bytes' }} />
          </>
        )}
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <Button type="submit" busy={form.busy} kind={form.values.act === 'ban' ? 'grave' : 'quiet'} testid="sanction-go">
          {t(`act_${form.values.act}`)}
        </Button>
      </form>
    </Panel>
  );
}

/** What ends sessions, or the account. */
function Grave({ account, onChange }: { account: Account; onChange(): void }): JSX.Element {
  const { http, router } = useConsole();
  const params = { path: { user: account.user } };
  const kick = () =>
    confirm({
      title: t('kick_title', { user: account.user }), text: t('kick_text'), act: t('kick'), grave: true, testid: 'kick-dialog',
      run: async () => {
        await data(http.POST('/api/v1/accounts/{user}/kick', { params }));
        toast(t('kicked', { user: account.user }));
        onChange();
      },
    });
  const remove = () =>
    confirm({
      title: t('delete_title', { user: account.user }), text: t('delete_text'), act: t('delete'), grave: true, typed: account.user, testid: 'delete-dialog',
      run: async () => {
        await data(http.DELETE('/api/v1/accounts/{user}', { params }));
        toast(t('deleted', { what: account.user }));
        router.go('/admin/users');
      },
    });
  return (
    <Panel title={t('user_session')} testid="user-grave">
      <div class="stack">
        <p>{account.notBefore ? t('void_since', { time: moment(account.notBefore) }) : t('void_never')}</p>
        <div class="chips">
          <Button onClick={() => void kick()} testid="user-kick">
            {t('kick')}
          </Button>
          <Button kind="grave" onClick={() => void remove()} testid="user-delete">
            {t('delete_account')}
          </Button>
        </div>
      </div>
    </Panel>
  );
}
