import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Load, Plus } from '../components/icons.tsx';
import { data } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head } from '../design/frame.tsx';
import { useList } from '../design/list.ts';
import { Segmented } from '../design/segmented.tsx';
import { Checkbox, Switch } from '../design/switch.tsx';
import { Table, type Column } from '../design/table.tsx';
import { toast } from '../design/toast.tsx';
import { plural, t } from './community.ts';
import { useConsole } from './context.ts';
import { whole } from './format.ts';
import { offer } from './offer.ts';
import { linesOf, MOST, wordsOf, type Word } from './words-model.ts';

const PAGE = 100;

/** The words that are not said here, nor in nicknames, titles and notices. */
export default function Words(): JSX.Element {
  const { http, session } = useConsole();
  const [head, setHead] = useState<{ count: number; loose: boolean } | null>(null);
  const [adding, setAdding] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const list = useList(async (cursor, signal) => {
    const page = await data(http.GET('/api/v1/words', { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
    setHead({ count: page.count, loose: page.loose });
    return { rows: page.words, next: page.nextCursor };
  });
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  const loose = async (value: boolean) => {
    setBusy(true);
    setError('');
    try {
      setHead(await data(http.POST('/api/v1/words', { body: { words: [], loose: value } })));
    } catch (err) {
      setError(errorWords(err));
    }
    setBusy(false);
  };
  const remove = async (words: readonly string[]) => {
    const done = await confirm({
      title: plural('words_delete_title', words.length), text: t('words_delete_text', { words: words.slice(0, 8).join(', ') + (words.length > 8 ? ' …' : '') }), act: t('delete'), grave: true,
      run: async () => setHead(await data(http.DELETE('/api/v1/words', { body: { words: words.map((word) => ({ word })) } }))),
    });
    if (!done) return;
    setChosen(new Set());
    await list.reload();
  };
  return (
    <>
      <Head
        title={t('words_title')}
        text={t('words_text')}
        actions={
          <>
            <Download />
            <Button kind="main" icon={<Plus />} onClick={() => setAdding(true)} testid="words-add">
              {t('words_add')}
            </Button>
          </>
        }
      />
      {head && <Switch label={t('words_loose')} hint={t('words_loose_hint')} value={head.loose} busy={busy} onValue={(value) => void loose(value)} testid="words-loose" />}
      {error && <Callout kind="bad">{error}</Callout>}
      <p class="quiet">{head ? plural('words_count', head.count) : ''}</p>
      <Table
        label={t('words_title')}
        columns={columns()}
        rows={list.rows}
        rowKey={(word) => word.word}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        selected={chosen}
        onSelect={setChosen}
        bulk={
          <Button small kind="grave" onClick={() => void remove([...chosen])} testid="words-delete">
            {t('delete')}
          </Button>
        }
        actions={(word) => [{ label: t('delete'), grave: true, onSelect: () => void remove([word.word]) }]}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty title={t('words_none')} small>{t('words_none_text')}</Empty>}
        testid="words"
      />
      {adding && <AddDialog onClose={() => setAdding(false)} onDone={() => (setAdding(false), void list.first())} />}
    </>
  );
}

const columns = (): Column<Word>[] => [
  { key: 'word', label: t('word'), priority: 1, wide: true, cell: (word) => <bdi>{word.word}</bdi> },
  { key: 'action', label: t('word_action'), cell: (word) => (word.action === 'replace' ? <Badge kind="note">{t('word_replaced', { by: word.replacement || '***' })}</Badge> : <Badge kind="bad">{t('word_blocks')}</Badge>) },
  { key: 'whole', label: t('word_whole'), cell: (word) => (word.whole ? t('yes') : '–') },
];

function AddDialog({ onClose, onDone }: { onClose(): void; onDone(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<{ text: string; action: 'block' | 'replace'; replacement: string; whole: boolean }>({
    initial: { text: '', action: 'block', replacement: '', whole: false },
    check: (v) => {
      const n = wordsOf(v.text, v.whole).length;
      return { text: n === 0 ? t('fault_words') : n > MOST ? t('fault_many', { n: whole(MOST) }) : '' };
    },
    names: { words: 'text' },
    save: async (v) => {
      const words = wordsOf(v.text, v.whole).map((word) => (word.action ? word : { ...word, action: v.action, ...(v.action === 'replace' && v.replacement.trim() ? { replacement: v.replacement.trim() } : {}) }));
      await data(http.POST('/api/v1/words', { body: { words } }));
      toast(plural('words_added', words.length));
      onDone();
    },
  });
  return (
    <Dialog
      title={t('words_add')}
      busy={form.busy}
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      testid="words-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind="main" busy={form.busy} testid="words-save">
            {t('words_add')}
          </Button>
        </>
      }
    >
      <Field {...form.field('text')} label={t('words_lines')} hint={t('words_lines_hint')} rows={8} testid="words-text" />
      <Segmented label={t('word_action')} labelShown value={form.values.action} onValue={(action) => form.set('action', action)} options={[{ value: 'block', label: t('word_block') }, { value: 'replace', label: t('word_replace') }]} testid="words-action" />
      {form.values.action === 'replace' && <Field {...form.field('replacement')} label={t('word_by')} placeholder="***" optional />}
      <Checkbox label={t('word_whole_hint')} value={form.values.whole} onValue={(value) => form.set('whole', value)} />
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}

/** The whole list as a file, which the setting for files and this page read again. */
function Download(): JSX.Element {
  const { http } = useConsole();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const save = async () => {
    setBusy(true);
    setError('');
    try {
      const all: Word[] = [];
      for (let cursor = ''; ; ) {
        const page = await data(http.GET('/api/v1/words', { params: { query: { limit: 1000, ...(cursor ? { cursor } : {}) } } }));
        all.push(...page.words);
        if (!page.nextCursor) break;
        cursor = page.nextCursor;
      }
      offer(linesOf(all), 'words.txt', 'text/plain');
    } catch (err) {
      setError(errorWords(err));
    }
    setBusy(false);
  };
  return (
    <>
      <Button icon={<Load />} busy={busy} onClick={() => void save()}>
        {t('words_take')}
      </Button>
      {error && <Callout kind="bad">{error}</Callout>}
    </>
  );
}
