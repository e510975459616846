import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Segmented } from '../design/segmented.tsx';
import { useConsole } from './context.ts';
import { ago } from './format.ts';
import { mayBeKey, type Kind } from './keys-model.ts';
import { t } from './server-texts.ts';

interface NewKey {
  of: 'random' | 'own';
  key: string;
}

/** Makes a new primary key, after it was told what comes of that. */
export function RotateDialog({ kind, pair: newest, onDone, onStale, onClose }: { kind: Kind; pair: Schemas['KeyPairBody']; onDone(both: Schemas['KeysOutBody']): void; onStale(): void; onClose(): void }): JSX.Element {
  const { http } = useConsole();
  const [pair] = useState(newest); // only what was read here is given up
  const form = useForm<NewKey>({
    initial: { of: 'random', key: '' },
    check: (v) => ({ key: v.of === 'own' && !mayBeKey(v.key) ? t('fault_key') : '' }),
    save: async (v) => onDone(await data(http.POST('/api/v1/keys/{kind}/rotate', { params: { path: { kind } }, body: { primary: pair.primary.fingerprint, ...(v.of === 'own' ? { key: v.key } : {}) } }))),
    words: (err) => {
      if (!(err instanceof ApiError && err.code === 'keys_changed')) return '';
      onStale();
      return t('rotate_stale');
    },
  });
  const { backup } = pair;
  return (
    <Dialog
      title={t(`rotate_title_${kind}`)}
      size="small"
      onClose={onClose}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="rotate-dialog"
      actions={
        <>
          <Button onClick={onClose} disabled={form.busy}>
            {t('cancel')}
          </Button>
          <Button type="submit" kind={backup ? 'grave' : 'main'} busy={form.busy} testid="rotate-go">
            {t('rotate')}
          </Button>
        </>
      }
    >
      <p>{t('rotate_text')}</p>
      {backup && (
        <Callout kind="warn" title={t('rotate_backup', { key: backup.fingerprint })}>
          {backup.lastUsedAt ? t('revoke_used', { time: ago(backup.lastUsedAt, Date.now()) }) : t('revoke_unused')}
        </Callout>
      )}
      <Segmented label={t('rotate_new')} labelShown value={form.values.of} onValue={(of) => form.set('of', of)} options={[{ value: 'random', label: t('rotate_random') }, { value: 'own', label: t('rotate_own') }]} testid="rotate-of" />
      {form.values.of === 'own' && <Field {...form.field('key')} mono label={t('key')} hint={t('key_hint')} testid="rotate-key" />}
      {form.error && <Callout kind="bad">{form.error}</Callout>}
    </Dialog>
  );
}
