import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Http, type Schemas } from '../../api/http.ts';
import { Avatar } from '../../design/avatar.tsx';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Callout } from '../../design/callout.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Empty } from '../../design/empty.tsx';
import { Field } from '../../design/field.tsx';
import { useForm } from '../../design/form.ts';
import { Panel } from '../../design/frame.tsx';
import { useList, type List } from '../../design/list.ts';
import type { MenuItem } from '../../design/menu.tsx';
import { Select } from '../../design/select.tsx';
import { Switch } from '../../design/switch.tsx';
import { Table, type Column } from '../../design/table.tsx';
import { toast, toastError } from '../../design/toast.tsx';
import { when } from '../../i18n/index.ts';
import { useConsole, useRead } from '../context.ts';
import { t } from '../texts.ts';
import type { Room } from './page.tsx';

type Member = Schemas['MemberBody'];
type Sanction = Schemas['SanctionBody'];
type Doing = 'mute' | 'kick' | 'ban' | 'admin';

const PAGE = 50;

/** Who is in the chat, who may not speak or come, and who helps to keep order. */
export function PeopleTab({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const path = { room: room.id };
  const members = useList<Member>(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/rooms/{room}/members', { params: { path, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: page.members, next: page.nextCursor ?? '' };
  }, [room.id]);
  const mutes = useList<Sanction>(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/rooms/{room}/mutes', { params: { path, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: page.mutes, next: page.nextCursor ?? '' };
  }, [room.id]);
  const bans = useList<Sanction>(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/rooms/{room}/bans', { params: { path, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: page.bans, next: page.nextCursor ?? '' };
  }, [room.id]);
  const [doing, setDoing] = useState<{ what: Doing; user: string } | null>(null);
  const [round, setRound] = useState(0);
  const refresh = () => {
    for (const list of [members, mutes, bans]) void list.reload();
    setRound((n) => n + 1);
  };
  const lift = (what: 'mute' | 'ban', user: string) => void liftOf(http, room.id, what, user).then(() => (toast(t(`done_un${what}`, { user })), refresh()), toastError);
  return (
    <div class="stack">
      <Panel
        title={t('members')}
        flush
        actions={
          <>
            <Button small onClick={refresh}>{t('refresh')}</Button>
            <Button small onClick={() => setDoing({ what: 'ban', user: '' })} testid="ban-somebody">{t('ban_somebody')}</Button>
          </>
        }
      >
        <Table label={t('members')} columns={memberColumns()} rows={members.rows} rowKey={(one) => one.user} state={members.rows ? stateOf(members) : members.state} error={members.error} onRetry={() => void members.reload()} actions={(one) => actsOn(one, (what) => setDoing({ what, user: one.user }), () => lift('mute', one.user))} pager={pagerOf(members)} empty={<Empty title={t('members_none')} small>{t('members_none_text')}</Empty>} testid="members" />
      </Panel>
      <div class="columns">
        <div class="column">
          <Sanctions title={t('mutes')} none={t('mutes_none')} list={mutes} act={t('unmute')} onLift={(user) => lift('mute', user)} testid="mutes" />
        </div>
        <div class="column">
          <Sanctions title={t('bans')} none={t('bans_none')} list={bans} act={t('unban')} onLift={(user) => lift('ban', user)} testid="bans" />
        </div>
      </div>
      <Admins room={room} round={round} onAdd={() => setDoing({ what: 'admin', user: '' })} onChange={refresh} />
      {doing && <SanctionDialog room={room.id} what={doing.what} user={doing.user} onDone={refresh} onClose={() => setDoing(null)} />}
    </div>
  );
}

const stateOf = (list: List<unknown>): 'ready' | 'error' => (list.state === 'error' ? 'error' : 'ready');

const pagerOf = <Row,>(list: List<Row>) => ({ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next(), busy: list.state === 'loading' });

const memberColumns = (): Column<Member>[] => [
  {
    key: 'user',
    label: t('user'),
    priority: 1,
    wide: true,
    cell: (one) => (
      <span class="person">
        <Avatar name={one.nick || one.user} address={one.avatar} size="small" />
        <span class="two-lines">
          <span>{one.nick || one.user}</span>
          <small class="mono">{one.user}</small>
        </span>
      </span>
    ),
  },
  { key: 'role', label: t('role'), cell: (one) => (one.role === 'Member' ? t('role_Member') : <Badge kind="note">{t(`role_${one.role}`)}</Badge>) },
  { key: 'muted', label: t('may_speak'), cell: (one) => (one.muted ? <Badge kind="warn">{one.mutedUntil ? t('muted_until', { time: when(one.mutedUntil) }) : t('muted')}</Badge> : t('yes')) },
  { key: 'joined', label: t('joined'), cell: (one) => when(one.joinedAt) },
];

const actsOn = (one: Member, act: (what: Doing) => void, unmute: () => void): MenuItem[] =>
  one.role === 'Owner'
    ? []
    : [
        one.muted ? { label: t('unmute'), onSelect: unmute, testid: 'do-unmute' } : { label: t('mute'), onSelect: () => act('mute'), testid: 'do-mute' },
        { label: t('kick'), onSelect: () => act('kick'), testid: 'do-kick' },
        { label: t('ban'), onSelect: () => act('ban'), grave: true, testid: 'do-ban' },
        ...(one.role === 'Member' ? [{ label: t('make_admin'), onSelect: () => act('admin'), apart: true }] : []),
      ];

function Sanctions({ title, none, list, act, onLift, testid }: { title: string; none: string; list: List<Sanction>; act: string; onLift(user: string): void; testid: string }): JSX.Element {
  return (
    <Panel title={title} flush testid={testid}>
      <Table
        label={title}
        columns={[
          { key: 'user', label: t('user'), priority: 1, cell: (one) => <span class="mono">{one.user}</span> },
          { key: 'until', label: t('until'), cell: (one) => (one.until ? when(one.until) : t('until_lifted')) },
          {
            key: 'reason',
            label: t('reason'),
            cell: (one) => (
              <span class="two-lines">
                <span>{one.reason || '–'}</span>
                <small>{one.by}</small>
              </span>
            ),
          },
          {
            key: 'lift',
            label: t('col_act'),
            end: true,
            cell: (one) => (
              <Button small onClick={() => onLift(one.user)} testid="lift">
                {act}
              </Button>
            ),
          },
        ]}
        rows={list.rows}
        rowKey={(one) => one.user}
        state={list.rows ? stateOf(list) : list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        pager={pagerOf(list)}
        empty={<Empty title={none} small />}
      />
    </Panel>
  );
}

const liftOf = (http: Http, room: string, what: 'mute' | 'ban', user: string): Promise<unknown> => {
  const params = { path: { room, user } };
  return what === 'mute' ? data(http.DELETE('/api/v1/rooms/{room}/mutes/{user}', { params })) : data(http.DELETE('/api/v1/rooms/{room}/bans/{user}', { params }));
};

function Admins({ room, round, onAdd, onChange }: { room: Room; round: number; onAdd(): void; onChange(): void }): JSX.Element {
  const { http } = useConsole();
  const found = useRead((h, signal) => data(h.GET('/api/v1/rooms/{room}/admins', { params: { path: { room: room.id } }, signal })), [room.id, round], { keep: true });
  const remove = (user: string) => void data(http.DELETE('/api/v1/rooms/{room}/admins/{user}', { params: { path: { room: room.id, user } } })).then(() => (toast(t('done_unadmin', { user })), onChange()), toastError);
  return (
    <Panel title={t('admins')} actions={<Button small onClick={onAdd} testid="admin-add">{t('make_admin')}</Button>} testid="admins">
      <p>{t('admins_text')}</p>
      <ul class="plain-list">
        {found.value?.owner && (
          <li>
            <span class="mono">{found.value.owner}</span> <Badge kind="note">{t('role_Owner')}</Badge>
          </li>
        )}
        {found.value?.admins.map((user) => (
          <li key={user}>
            <span class="mono">{user}</span>
            <Button small onClick={() => remove(user)}>
              {t('unmake_admin')}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const LENGTHS = ['', '60s', '600s', '3600s', '86400s', '604800s'] as const;
const REASON = { max: 1000, unit: 'bytes' } as const;

interface Entry {
  user: string;
  duration: (typeof LENGTHS)[number];
  reason: string;
  address: boolean;
}

/** Asks whom, for how long and why. */
function SanctionDialog({ room, what, user, onDone, onClose }: { room: string; what: Doing; user: string; onDone(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<Entry>({
    initial: { user, duration: what === 'ban' ? '' : '600s', reason: '', address: false },
    check: (v) => ({ user: v.user.trim() === '' ? t('fault_empty') : '' }),
    save: async (v) => {
      const params = { path: { room, user: v.user.trim() } };
      const reason = v.reason.trim() ? { reason: v.reason.trim() } : {};
      const body = { ...reason, ...(v.duration ? { duration: v.duration } : {}) };
      if (what === 'mute') await data(http.PUT('/api/v1/rooms/{room}/mutes/{user}', { params, body }));
      else if (what === 'ban') await data(http.PUT('/api/v1/rooms/{room}/bans/{user}', { params, body: { ...body, ...(v.address ? { address: true } : {}) } }));
      else if (what === 'admin') await data(http.PUT('/api/v1/rooms/{room}/admins/{user}', { params }));
      else await data(http.POST('/api/v1/rooms/{room}/kicks', { params: { path: { room } }, body: { users: [v.user.trim()], ...reason } }));
    },
    names: { users: 'user' },
  });
  const submit = async (ev: Event) => {
    if (!(await form.submit(ev))) return;
    toast(t(`done_${what}`, { user: form.values.user.trim() }));
    onDone();
    onClose();
  };
  const act = t(what === 'admin' ? 'make_admin' : what);
  return (
    <Dialog
      title={user ? `${act}: ${user}` : act}
      size="small"
      onClose={onClose}
      onSubmit={(ev) => void submit(ev)}
      busy={form.busy}
      testid="sanction-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind={what === 'ban' ? 'grave' : 'main'} busy={form.busy} testid="sanction-go">
            {act}
          </Button>
        </>
      }
    >
      <p>{t(`${what}_text`)}</p>
      {user === '' && <Field {...form.field('user')} label={t('user')} hint={t('user_hint')} mono required testid="sanction-user" />}
      {(what === 'mute' || what === 'ban') && <Select {...form.field('duration')} label={t('how_long')} options={LENGTHS.map((value) => ({ value, label: t(value === '' ? 'until_lifted' : `for_${value}`) }))} testid="sanction-for" />}
      {what === 'ban' && <Switch {...form.field('address')} label={t('ban_address')} hint={t('ban_address_hint')} />}
      {what !== 'admin' && <Field {...form.field('reason')} label={t('reason')} limit={REASON} optional testid="sanction-reason" />}
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
