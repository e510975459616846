import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Load, Plus } from '../components/icons.tsx';
import { GiftIcon } from '../components/gift-icon.tsx';
import { data, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head } from '../design/frame.tsx';
import { useList } from '../design/list.ts';
import { Select } from '../design/select.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { Switch } from '../design/switch.tsx';
import { Table, type Column } from '../design/table.tsx';
import { Tabs } from '../design/tabs.tsx';
import { toast, toastError } from '../design/toast.tsx';
import { amount } from '../i18n/index.ts';
import { plural, t } from './community.ts';
import { useConsole, useRead } from './context.ts';
import { moment, whole } from './format.ts';
import { serverTime } from './room-form.ts';

type Gift = Schemas['GiftBody'];
type Entry = Schemas['EntryBody'];
type View = 'catalogue' | 'ledger';

/** What can be given, and what was. */
export default function Gifts(): JSX.Element {
  const { router } = useConsole();
  const view: View = router.query('view') === 'ledger' ? 'ledger' : 'catalogue';
  return (
    <>
      <Head title={t('gifts_title')} text={t('gifts_text')} />
      <Tabs<View>
        label={t('gifts_title')}
        tabs={[{ value: 'catalogue', label: t('catalogue') }, { value: 'ledger', label: t('ledger') }]}
        value={view}
        onValue={(next) => router.setQuery({ view: next === 'ledger' ? next : '' })}
        testid="gifts-view"
      >
        {view === 'catalogue' ? <Catalogue /> : <Ledger />}
      </Tabs>
    </>
  );
}

function Catalogue(): JSX.Element {
  const { http } = useConsole();
  const gifts = useRead((client, signal) => data(client.GET('/api/v1/gifts', { signal })), []);
  const [editing, setEditing] = useState<Gift | 'new' | null>(null);
  const put = async (gift: Gift) => {
    const { id, ...draft } = gift;
    await data(http.PUT('/api/v1/gifts/{gift}', { params: { path: { gift: id } }, body: draft }));
    await gifts.read();
  };
  const remove = async (gift: Gift) => {
    const done = await confirm({
      title: t('gift_delete_title', { name: gift.name }), text: t('gift_delete_text'), act: t('delete'), grave: true,
      run: async () => void (await data(http.DELETE('/api/v1/gifts/{gift}', { params: { path: { gift: gift.id } } }))),
    });
    if (done) await gifts.read();
  };
  return (
    <div class="stack">
      <div class="chips">
        <Button kind="main" icon={<Plus />} onClick={() => setEditing('new')} testid="gift-new">
          {t('gift_new')}
        </Button>
      </div>
      <Table
        label={t('catalogue')}
        columns={giftColumns()}
        rows={gifts.value?.gifts ?? null}
        rowKey={(gift) => gift.id}
        rowName={(gift) => gift.name}
        state={gifts.value ? 'ready' : gifts.error ? 'error' : 'loading'}
        onRetry={() => void gifts.read()}
        actions={(gift) => [
          { label: t('edit'), onSelect: () => setEditing(gift), testid: 'gift-edit' },
          { label: t(gift.enabled ? 'gift_hide' : 'gift_show'), onSelect: () => void put({ ...gift, enabled: !gift.enabled }).catch(toastError) },
          { label: t('delete'), grave: true, apart: true, onSelect: () => void remove(gift) },
        ]}
        empty={<Empty title={t('gifts_none')} small>{t('gifts_none_text')}</Empty>}
        testid="gifts"
      />
      {editing && <GiftDialog gift={editing === 'new' ? null : editing} onClose={() => setEditing(null)} onDone={() => (setEditing(null), void gifts.read())} />}
    </div>
  );
}

const giftColumns = (): Column<Gift>[] => [
  {
    key: 'name',
    label: t('gift'),
    priority: 1,
    cell: (gift) => (
      <span class="person">
        <GiftIcon icon={gift.icon} />
        <span class="two-lines">
          <bdi>{gift.name}</bdi>
          <small class="mono">{gift.id}</small>
        </span>
      </span>
    ),
  },
  { key: 'price', label: t('price'), end: true, cell: (gift) => <span class="number">{amount(gift.price)}</span> },
  { key: 'effect', label: t('effect'), cell: (gift) => t(`effect_${EFFECTS.find((known) => known === gift.effect) ?? 'none'}`) },
  { key: 'combo', label: t('combo'), priority: 3, cell: (gift) => (gift.combo ? t('yes') : '–') },
  { key: 'state', label: t('state'), cell: (gift) => <Badge kind={gift.enabled ? 'good' : 'plain'}>{t(gift.enabled ? 'gift_on' : 'gift_off')}</Badge> },
];

const EFFECTS = ['none', 'float', 'confetti', 'banner'] as const;
const ICONS = ['cake', 'castle', 'clap', 'crown', 'heart', 'rocket', 'rose', 'tea'] as const;

function GiftDialog({ gift, onClose, onDone }: { gift: Gift | null; onClose(): void; onDone(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: {
      id: gift?.id ?? '', name: gift?.name ?? '', price: gift ? String(gift.price / 100) : '', icon: gift?.icon || '/gifts/rose.svg', effect: (EFFECTS.find((known) => known === gift?.effect) ?? 'none') as string,
      combo: gift?.combo ?? true, enabled: gift?.enabled ?? true, order: String(gift?.order ?? 0),
    },
    check: (v) => ({
      id: /^[A-Za-z0-9_-]{1,64}$/.test(v.id.trim()) ? '' : t('fault_gift'),
      name: v.name.trim() ? '' : t('fault_empty'),
      price: /^\d{1,9}([.]\d{1,2})?$/.test(v.price.trim()) ? '' : t('fault_price'),
      order: /^-?\d{1,6}$/.test(v.order.trim()) ? '' : t('fault_order'),
    }),
    save: async (v) => {
      const body = { name: v.name.trim(), price: Math.round(Number(v.price) * 100), icon: v.icon.trim(), effect: v.effect, combo: v.combo, enabled: v.enabled, order: Number(v.order) };
      await data(http.PUT('/api/v1/gifts/{gift}', { params: { path: { gift: v.id.trim() } }, body }));
      toast(t('saved'));
      onDone();
    },
  });
  return (
    <Dialog
      title={gift ? t('gift_edit', { name: gift.name }) : t('gift_new')}
      busy={form.busy}
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      testid="gift-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} testid="gift-save">
            {t('save')}
          </Button>
        </>
      }
    >
      <div class="form-grid">
        <Field {...form.field('name')} label={t('name')} testid="gift-name" />
        <Field {...form.field('id')} label={t('gift_id')} hint={t('gift_id_hint')} mono disabled={gift !== null} testid="gift-id" />
        <Field {...form.field('price')} label={t('price')} hint={t('price_hint')} inputMode="decimal" testid="gift-price" />
        <Field {...form.field('order')} label={t('gift_order')} hint={t('gift_order_hint')} inputMode="numeric" />
        <Select {...form.field('effect')} label={t('effect')} options={EFFECTS.map((value) => ({ value, label: t(`effect_${value}`) }))} />
        <div class="form-wide">
          <Field {...form.field('icon')} label={t('icon')} hint={t('icon_hint')} />
          <div class="icon-choice" role="group" aria-label={t('icon')}>
            {ICONS.map((name) => (
              <button key={name} type="button" aria-pressed={form.values.icon === `/gifts/${name}.svg`} aria-label={name} onClick={() => form.set('icon', `/gifts/${name}.svg`)}>
                <GiftIcon icon={`/gifts/${name}.svg`} />
              </button>
            ))}
          </div>
        </div>
        <Switch {...form.field('combo')} label={t('combo')} hint={t('combo_hint')} />
        <Switch {...form.field('enabled')} label={t('gift_on')} hint={t('gift_on_hint')} />
      </div>
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}

const FILTERS = ['room', 'user', 'gift', 'session', 'since', 'until'] as const;
type Filter = Record<(typeof FILTERS)[number], string>;

const queryOf = ({ since, until, room: _, ...rest }: Filter): Record<string, string> => {
  const all = { ...rest, since: serverTime(since) ?? '', until: serverTime(until) ?? '' };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
};

/** What was given in a room. A ledger is a room's: whose is asked first. */
function Ledger(): JSX.Element {
  const { http, router } = useConsole();
  const filter = Object.fromEntries(FILTERS.map((name) => [name, router.query(name)])) as Filter;
  const [typed, setTyped] = useState(filter);
  const room = filter.room;
  const list = useList<Entry>(
    async (cursor, signal) => {
      if (!room) return { rows: [] };
      const query = { ...queryOf(filter), limit: 100, ...(cursor ? { cursor } : {}) };
      const page = (await data(http.GET('/api/v1/rooms/{room}/gifts/ledger', { params: { path: { room }, query }, signal }))) as Schemas['LedgerBody'];
      return { rows: page.entries, next: page.nextCursor };
    },
    FILTERS.map((name) => filter[name]),
  );
  useEffect(() => setTyped(filter), [JSON.stringify(filter)]);
  const look = (ev: Event) => {
    ev.preventDefault();
    router.setQuery(Object.fromEntries(FILTERS.map((name) => [name, typed[name].trim()])));
  };
  const csv = `/api/v1/rooms/${encodeURIComponent(room)}/gifts/ledger?${new URLSearchParams({ ...queryOf(filter), format: 'csv' })}`;
  return (
    <div class="stack">
      <form class="filters filters-even" role="search" onSubmit={look}>
        {FILTERS.map((name) => (
          <Field key={name} label={t(`ledger_${name}`)} type={name === 'since' || name === 'until' ? 'datetime-local' : 'search'} value={typed[name]} onValue={(value) => setTyped({ ...typed, [name]: value })} testid={`ledger-${name}`} />
        ))}
        <Button type="submit" testid="ledger-look">
          {t('look')}
        </Button>
      </form>
      {room && <Totals room={room} />}
      {room && (
        <div class="chips">
          <Button icon={<Load />} href={csv} download>
            {t('ledger_csv')}
          </Button>
        </div>
      )}
      <Table
        label={t('ledger')}
        columns={ledgerColumns()}
        rows={list.rows}
        rowKey={(entry) => String(entry.entry)}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty title={t(room ? 'ledger_none' : 'ledger_which')} small />}
        testid="ledger"
      />
    </div>
  );
}

function Totals({ room }: { room: string }): JSX.Element | null {
  const totals = useRead((http, signal) => data(http.GET('/api/v1/rooms/{room}/gifts/totals', { params: { path: { room } }, signal })), [room]);
  if (!totals.value) return null;
  const { value, count, senders } = totals.value.totals;
  return (
    <Stats>
      <Stat label={t('total_value')} value={amount(value)} />
      <Stat label={t('total_count')} value={whole(count)} />
      <Stat label={t('total_senders')} value={plural('people', senders)} />
    </Stats>
  );
}

const ledgerColumns = (): Column<Entry>[] => [
  { key: 'at', label: t('at'), cell: (entry) => <time class="nowrap" dateTime={entry.createdAt}>{moment(entry.createdAt)}</time> },
  {
    key: 'from',
    label: t('from'),
    priority: 1,
    cell: (entry) => (
      <span class="two-lines">
        <bdi>{entry.nick || entry.from}</bdi>
        <small class="mono">{entry.from}</small>
      </span>
    ),
  },
  { key: 'gift', label: t('gift'), cell: (entry) => `${entry.name} ×${entry.count}` },
  { key: 'value', label: t('value'), end: true, cell: (entry) => <b class="number">{amount(entry.value)}</b> },
  { key: 'order', label: t('order'), priority: 3, cell: (entry) => <span class="mono">{entry.id}</span> },
  { key: 'via', label: t('via'), priority: 3, cell: (entry) => t(`via_${entry.via}`) },
];
