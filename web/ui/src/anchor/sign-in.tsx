import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { Form } from '../design/form.ts';
import { Spinner } from '../design/spinner.tsx';
import { t } from './texts.ts';
import type { AnchorSession } from './session.ts';

/** The way in: what a link is doing or why it failed, and by hand with account and UserSig. */
export function SignIn({ session, link }: { session: AnchorSession; link: LinkState }): JSX.Element {
  const form = useMemo(
    () =>
      new Form({
        initial: { user: session.ended.peek(), sig: '' },
        check: (v) => ({ user: v.user.trim() ? '' : t('sign_need_user'), sig: v.sig.trim() ? '' : t('sign_need_sig') }),
        save: (v) => session.signIn(v.user.trim(), v.sig.trim()),
        words: (err) => ((err as { status?: number }).status === 401 ? t('sign_wrong') : ''),
      }),
    [session],
  );
  return (
    <section class="gate" aria-labelledby="sign-title" data-testid="sign-in">
      <h1 id="sign-title">{t('sign_title')}</h1>
      <p>{t('sign_text')}</p>
      {session.ended.value !== '' && (
        <Callout kind="warn" title={t('sign_ended')} testid="sign-ended">
          {t('sign_ended_text')}
        </Callout>
      )}
      {link.busy && (
        <p role="status">
          <Spinner /> {t('link_busy')}
        </p>
      )}
      {link.error !== null && (
        <Callout kind="bad" title={t('link_failed')} testid="link-error">
          {linkWords(link.error)}
        </Callout>
      )}
      <form onSubmit={(ev) => void form.submit(ev)} noValidate>
        <Field label={t('sign_user')} hint={t('sign_user_hint')} {...form.field('user')} testid="sign-user" />
        <Field label={t('sign_sig')} hint={t('sign_sig_hint')} {...form.field('sig')} rows={4} testid="sign-sig" />
        {form.error && (
          <Callout kind="bad" testid="sign-error">
            {form.error}
          </Callout>
        )}
        <Button type="submit" kind="main" wide busy={form.busy} testid="sign-act">
          {t('sign_act')}
        </Button>
      </form>
    </section>
  );
}

/** What became of a one-time link. */
export interface LinkState {
  busy: boolean;
  error: unknown;
}

function linkWords(err: unknown): string {
  switch ((err as { code?: string }).code) {
    case 'link_used':
      return t('link_used');
    case 'link_expired':
      return t('link_expired');
    case 'bad_link':
      return t('link_bad');
    case 'no_anchor':
      return t('link_no_anchor');
  }
  return errorWords(err);
}
