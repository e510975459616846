import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { ApiError, data, type Http, type Schemas } from '../api/http.ts';
import { Avatar } from '../design/avatar.tsx';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head } from '../design/frame.tsx';
import { useList } from '../design/list.ts';
import { Table, type Column } from '../design/table.tsx';
import { useConsole } from './context.ts';
import { t } from './community.ts';
import { moment } from './format.ts';
import { UserPage } from './user-page.tsx';

type Account = Schemas['AccountBody'];

const PAGE = 50;

/** All accounts, or one. */
export default function Users(): JSX.Element {
  const { router } = useConsole();
  const user = router.match('/admin/users/{user}')?.user;
  return user ? <UserPage key={user} user={user} /> : <Accounts />;
}

/** A page of the accounts by id; with `q` the one that is called so. */
async function pageOf(http: Http, q: string, cursor: string, signal: AbortSignal): Promise<{ rows: Account[]; next: string }> {
  if (q === '') {
    const { accounts, nextCursor = '' } = await data(http.GET('/api/v1/accounts', { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: accounts, next: nextCursor };
  }
  try {
    return { rows: [await data(http.GET('/api/v1/accounts/{user}', { params: { path: { user: q } }, signal }))], next: '' };
  } catch (err) {
    if (err instanceof ApiError && (err.status === 404 || err.status === 422)) return { rows: [], next: '' };
    throw err;
  }
}

function Accounts(): JSX.Element {
  const { http, router, session } = useConsole();
  const q = router.query('user');
  const [typed, setTyped] = useState(q);
  const [making, setMaking] = useState(false);
  const list = useList((cursor, signal) => pageOf(http, q, cursor, signal), [q]);
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  const find = (ev: Event) => {
    ev.preventDefault();
    router.setQuery({ user: typed.trim() });
  };
  return (
    <>
      <Head
        title={t('users_title')}
        text={t('users_text')}
        actions={
          <Button kind="main" icon={<Plus />} onClick={() => setMaking(true)} testid="user-new">
            {t('user_new')}
          </Button>
        }
      />
      <form class="filters" role="search" onSubmit={find}>
        <Field type="search" label={t('users_find')} value={typed} onValue={(value) => (setTyped(value), value === '' && router.setQuery({ user: '' }))} testid="users-find" />
        <Button type="submit">{t('find')}</Button>
      </form>
      <Table
        label={t('users_title')}
        columns={columns()}
        rows={list.rows}
        rowKey={(account) => account.user}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        href={(account) => `/admin/users/${encodeURIComponent(account.user)}`}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty title={t(q ? 'users_no_match' : 'users_none')} small>{t(q ? 'users_no_match_text' : 'users_none_text')}</Empty>}
        testid="users"
      />
      {making && <NewUser onClose={() => setMaking(false)} onDone={(user) => router.go(`/admin/users/${encodeURIComponent(user)}`)} />}
    </>
  );
}

const columns = (): Column<Account>[] => [
  {
    key: 'user',
    label: t('user'),
    priority: 1,
    cell: (account) => (
      <span class="person">
        <Avatar name={account.nick || account.user} address={account.avatar} size="small" />
        <span class="two-lines">
          <bdi>{account.nick || account.user}</bdi>
          <small class="mono">{account.user}</small>
        </span>
      </span>
    ),
  },
  { key: 'kind', label: t('user_kind'), cell: (account) => (account.guest ? <Badge>{t('user_guest')}</Badge> : <Badge kind="note">{t('user_account')}</Badge>) },
  { key: 'created', label: t('user_since'), cell: (account) => <time dateTime={account.createdAt}>{moment(account.createdAt)}</time> },
  { key: 'void', label: t('user_void'), priority: 3, cell: (account) => (account.notBefore ? moment(account.notBefore) : '–') },
];

function NewUser({ onClose, onDone }: { onClose(): void; onDone(user: string): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { user: '', nick: '', avatar: '' },
    check: (v) => ({ user: /^[\x21-\x7e]{1,32}$/.test(v.user.trim()) ? '' : t('fault_user') }),
    save: async (v) => {
      await data(http.PUT('/api/v1/accounts/{user}', { params: { path: { user: v.user.trim() } }, body: { nick: v.nick.trim(), avatar: v.avatar.trim() } }));
      onDone(v.user.trim());
    },
  });
  return (
    <Dialog
      title={t('user_new')}
      size="small"
      busy={form.busy}
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      testid="user-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} testid="user-save">
            {t('user_make')}
          </Button>
        </>
      }
    >
      <Field {...form.field('user')} label={t('user_id')} hint={t('user_id_hint')} mono testid="user-id" />
      <Field {...form.field('nick')} label={t('nick')} optional testid="user-nick" />
      <Field {...form.field('avatar')} label={t('avatar')} hint={t('avatar_hint')} type="url" optional />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
