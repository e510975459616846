import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { useForm, type Form } from '../design/form.ts';
import { Panel } from '../design/frame.tsx';
import { store } from '../lib/storage.ts';
import { clockOf, useTick } from '../lib/tick.ts';
import type { Session } from './session.ts';
import { t } from './texts.ts';

interface Entry {
  token: string;
  name: string;
}

/** Words for a page that was opened over plain http where the server is reached over https; '' for any other refusal. */
const insecure = (err: ApiError): string => (err.code === 'https_needed' ? t('signin_https', { what: err.message }) : '');

/** The form, and until when it is of no use to try: the server refuses who asks too often. */
function useSignIn(session: Session): { form: Form<Entry>; wait: number } {
  const [until, setUntil] = useState(0);
  const form = useForm<Entry>({
    initial: { token: '', name: store.read('console-name') ?? '' },
    check: ({ token, name }) => ({ token: token.trim() === '' ? t('signin_token_empty') : '', name: [...name.trim()].length > 32 ? t('fault_long') : '' }),
    save: async ({ token, name }) => {
      await session.signIn({ token: token.trim(), ...(name.trim() ? { name: name.trim() } : {}) });
      store.write('console-name', name.trim() || null);
    },
    words: (err) => {
      if (!(err instanceof ApiError)) return '';
      if (err.status === 429) {
        setUntil(Date.now() + 1000 * Math.max(1, err.retryAfter));
        return t('signin_often');
      }
      return err.status === 401 ? t('signin_wrong') : insecure(err);
    },
  });
  const wait = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  useTick(wait > 0);
  return { form, wait };
}

function Fields({ form }: { form: Form<Entry> }): JSX.Element {
  return (
    <>
      <Field {...form.field('token')} type="password" label={t('signin_token')} hint={t('signin_token_hint')} autocomplete="current-password" mono required testid="signin-token" />
      <Field {...form.field('name')} label={t('signin_name')} hint={t('signin_name_hint')} autocomplete="nickname" optional testid="signin-name" />
      {form.error && (
        <Callout kind="bad" testid="signin-error">
          {form.error}
        </Callout>
      )}
    </>
  );
}

const Go = ({ form, wait }: { form: Form<Entry>; wait: number }): JSX.Element => (
  <Button type="submit" kind="main" busy={form.busy} disabled={wait > 0} testid="signin-go">
    {wait > 0 ? t('signin_wait', { time: clockOf(wait) }) : t('signin')}
  </Button>
);

/** In place of the console: who comes without a session. */
export function SignInGate({ session }: { session: Session }): JSX.Element {
  const { form, wait } = useSignIn(session);
  const refused = session.linkRefused.value;
  useEffect(() => document.querySelector<HTMLElement>('[data-testid=signin-token]')?.focus(), []);
  return (
    <Panel title={t('signin_title')} testid="signin">
      <form class="signin" onSubmit={(ev) => void form.submit(ev)} noValidate>
        {refused && (
          <Callout kind="warn" title={t('link_title')} testid="signin-link">
            {refused.code === 'link_used' ? t('link_used') : refused.code === 'link_expired' ? t('link_expired') : refused.status === 401 ? t('link_bad') : insecure(refused) || errorWords(refused)} {refused.code !== 'https_needed' && t('link_way')}
          </Callout>
        )}
        <p>{t('signin_text')}</p>
        <Fields form={form} />
        <Go form={form} wait={wait} />
      </form>
    </Panel>
  );
}

/** Over the page, when the session is over: what was being done waits, and is done after it. */
export function SignInDialog({ session }: { session: Session }): JSX.Element {
  const { form, wait } = useSignIn(session);
  return (
    <Dialog
      title={t('signin_again')}
      size="small"
      onClose={() => session.giveUp()}
      onSubmit={(ev) => void form.submit(ev)}
      busy={form.busy}
      testid="signin-dialog"
      actions={<Go form={form} wait={wait} />}
    >
      <p>{t('signin_again_text')}</p>
      <Fields form={form} />
    </Dialog>
  );
}
