import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Select } from '../design/select.tsx';
import { when } from '../i18n/index.ts';
import { useConsole } from './context.ts';
import { ago, moment } from './format.ts';
import { t } from './server-texts.ts';
import { CheckForm, Verdict } from './verdict.tsx';

const LIVES = ['1h', '24h', '168h', '720h', '4320h', '8760h'] as const;
const USER = /^[\x21-\x7e]{1,32}$/;

/** What somebody signs in with, made and looked at. */
export default function UserSigs(): JSX.Element {
  return (
    <>
      <Head title="UserSig" text={t('usersigs_text')} />
      <div class="columns">
        <Generator />
        <Checker />
      </div>
    </>
  );
}

function Generator(): JSX.Element {
  const { http, router } = useConsole();
  const [made, setMade] = useState<Schemas['MakeSigOutBody'] | null>(null);
  const form = useForm<{ user: string; expiresIn: (typeof LIVES)[number] }>({
    initial: { user: router.query('user'), expiresIn: '24h' },
    check: (v) => ({ user: USER.test(v.user.trim()) ? '' : t('fault_user') }),
    save: async (v) => setMade(await data(http.POST('/api/v1/usersigs', { body: { user: v.user.trim(), expiresIn: v.expiresIn } }))),
  });
  return (
    <Panel title={t('sig_make')} testid="sig-generator">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
        <div class="form-grid">
          <Field {...form.field('user')} mono label={t('sig_user')} hint={t('sig_user_hint')} testid="sig-user" />
          <Select {...form.field('expiresIn')} label={t('address_life')} options={LIVES.map((life) => ({ value: life, label: t(`life_${life}`) }))} testid="sig-life" />
        </div>
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <p class="panel-note">
          <Button type="submit" kind="main" busy={form.busy} testid="sig-go">
            {t('sig_go')}
          </Button>
        </p>
      </form>
      {made && (
        <div class="stack" data-testid="sig-made">
          <CopyField label={t('sig_of', { user: made.user })} value={made.userSig} secret hint={t('sig_hint')} testid="made-sig" />
          <CopyField label="SDKAppID" value={String(made.sdkAppId)} />
          <p class="quiet">{t('sig_ends', { time: when(made.expiresAt) })}</p>
        </div>
      )}
    </Panel>
  );
}

function Checker(): JSX.Element {
  const { http } = useConsole();
  const [found, setFound] = useState<Schemas['UserSigBody'] | null>(null);
  const form = useForm({
    initial: { userSig: '', user: '' },
    check: (v) => ({ userSig: v.userSig.trim() === '' ? t('fault_empty') : '' }),
    save: async (v) => setFound(await data(http.POST('/api/v1/usersigs/check', { body: { userSig: v.userSig.trim(), ...(v.user.trim() ? { user: v.user.trim() } : {}) } }))),
  });
  return (
    <Panel title={t('sig_check')} testid="sig-checker">
      <CheckForm form={form} testid="sig-check-go">
        <Field {...form.field('userSig')} mono rows={4} label="UserSig" testid="sig-check" />
        <Field {...form.field('user')} mono label={t('sig_for')} hint={t('sig_for_hint')} optional testid="sig-check-user" />
      </CheckForm>
      {found && (
        <Verdict
          ok={found.ok}
          code={found.code}
          sentences={found.sentences}
          testid="sig-verdict"
          facts={[
            [t('sig_user'), found.user],
            ['SDKAppID', found.sdkAppId || ''],
            [t('sig_made_at'), found.madeAt ? moment(found.madeAt) : ''],
            [t('check_expires'), found.expiresAt ? `${moment(found.expiresAt)} · ${ago(found.expiresAt, Date.now())}` : ''],
          ]}
        />
      )}
    </Panel>
  );
}
