import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Person } from '../components/icons.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Empty } from '../design/empty.tsx';
import { Frame, Panel, type NavGroup } from '../design/frame.tsx';
import { Menu } from '../design/menu.tsx';
import { Spinner } from '../design/spinner.tsx';
import { toastError } from '../design/toast.tsx';
import { ConsoleProvider, type Console } from './context.ts';
import { groups, hrefOf, sectionOf, type Section } from './sections.ts';
import type { Session } from './session.ts';
import { SignInDialog, SignInGate } from './sign-in.tsx';
import { t } from './texts.ts';

/** The console round its sections. */
export function Shell({ place }: { place: Console }): JSX.Element {
  const { session, router, feed } = place;
  const standing = session.standing.value;
  const path = router.at.value.pathname;
  const section = sectionOf(path);
  const signedIn = standing === 'in';
  useEffect(() => {
    if (!signedIn) return;
    feed.start();
    return () => feed.stop();
  }, [signedIn]);
  const nav: NavGroup[] = groups.map((group) => ({
    label: group.title(),
    items: group.sections.map((one) => ({ href: hrefOf(one), label: one.title(), icon: <one.icon />, testid: `nav-${one.key}` })),
  }));
  return (
    <ConsoleProvider value={place}>
      <Frame
        title={t('title')}
        heading={session.inside.value ? (section?.title() ?? t('missing_title')) : t('signin')}
        nav={nav}
        path={path}
        account={session.inside.value && <Account session={session} />}
        gate={gateOf(session)}
        banner={!session.reachable.value && session.inside.value && <Away />}
      >
        {section ? <Shown key={section.key} section={section} returns={session.returns.value} /> : <Missing />}
      </Frame>
      {standing === 'lost' && <SignInDialog session={session} />}
    </ConsoleProvider>
  );
}

function gateOf(session: Session): JSX.Element | undefined {
  if (session.inside.value) return undefined;
  if (session.standing.value === 'out') return <SignInGate session={session} />;
  return (
    <Panel>
      <p class="waiting" role="status" data-testid="asking">
        <Spinner /> {session.reachable.value ? t('asking') : t('away_first')}
      </p>
    </Panel>
  );
}

const Away = (): JSX.Element => (
  <section aria-label={t('away_title')}>
    <div role="status">
      <Callout kind="warn" title={t('away_title')} testid="away">
        {t('away_text')}
      </Callout>
    </div>
  </section>
);

/** Who is signed in, and the ways out. */
function Account({ session }: { session: Session }): JSX.Element {
  const name = session.who.value?.name || t('administrator');
  return (
    <Menu
      label={name}
      button={{ kind: 'plain', small: true, icon: <Person /> }}
      testid="account"
      items={[
        { label: t('signout'), onSelect: () => void session.signOut().catch(toastError), testid: 'signout' },
        { label: t('signout_all'), onSelect: () => void signOutAll(session), grave: true, apart: true, testid: 'signout-all' },
      ]}
    />
  );
}

const signOutAll = (session: Session): Promise<boolean> =>
  confirm({ title: t('signout_all'), text: t('signout_all_text'), act: t('signout_all'), grave: true, run: () => session.signOutEverywhere() });

/** A section, once its code is there. Where that can't be had it is tried again when the server is back. */
function Shown({ section, returns }: { section: Section; returns: number }): JSX.Element {
  const [found, setFound] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (found) return;
    let gone = false;
    setFailed(false);
    section.load().then(
      (module) => !gone && setFound(() => module.default),
      () => !gone && setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, [tries, returns]);
  const Page = found;
  if (Page) return <Page />;
  if (!failed) {
    return (
      <p class="waiting" role="status">
        <Spinner /> {t('asking')}
      </p>
    );
  }
  return (
    <Callout
      kind="bad"
      title={t('section_failed')}
      action={
        <Button small onClick={() => (tries > 0 ? location.reload() : setTries(tries + 1))}>
          {t('section_again')}
        </Button>
      }
    >
      {t('section_failed_text')}
    </Callout>
  );
}

const Missing = (): JSX.Element => (
  <Empty title={t('missing_title')} action={<Button href="/admin">{t('overview_title')}</Button>} testid="missing">
    {t('missing_text')}
  </Empty>
);
