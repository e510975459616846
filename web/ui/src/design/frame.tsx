import { signal } from '@preact/signals';
import { createContext, type ComponentChildren, type JSX } from 'preact';
import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Close } from '../components/icons.tsx';
import { Bars } from './icons.tsx';
import { Settings } from '../components/settings.tsx';
import { t as shared } from '../i18n/index.ts';
import { IconButton } from './button.tsx';
import { Questions } from './confirm.tsx';
import { t } from './texts.ts';
import { Toasts } from './toast.tsx';

export interface NavItem {
  href: string;
  label: string;
  icon?: JSX.Element;
  /** How many wait there. */
  count?: number;
  testid?: string;
}

export interface NavGroup {
  label?: string;
  items: readonly NavItem[];
}

export interface FrameProps {
  /** Beside the brand: which console this is. */
  title: string;
  /** Title of the tab; what is shown just now. */
  heading?: string;
  /** The sections; none before somebody is signed in. */
  nav?: readonly NavGroup[];
  /** The path that is shown: marks its entry, and moves the focus to the content when it changes. */
  path?: string;
  /** At the end of the top bar: who is signed in, and signing out. */
  account?: ComponentChildren;
  /** In place of content and sections: signing in. */
  gate?: ComponentChildren;
  /** Under the top bar, as long as it holds: the connection is lost, this is a demo. */
  banner?: ComponentChildren;
  children?: ComponentChildren;
}

const query = typeof matchMedia === 'undefined' ? null : matchMedia('(max-width: 56rem)');
const narrow = signal(query?.matches ?? false);
query?.addEventListener('change', (ev) => (narrow.value = ev.matches));

/** Below a section's own head a panel's title is of the second level; at the gate it is the page's. */
const AtGate = createContext(false);

/** What every console stands in: top bar, sections at the side (on phones behind a button), content, questions and toasts. */
export function Frame({ title, heading, nav = [], path = '', account, gate, banner, children }: FrameProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const content = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    document.title = [heading, title, shared('brand')].filter(Boolean).join(' · ');
  });
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    setOpen(false);
    scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [path]);
  const sections = gate ? [] : nav;
  return (
    <div class="frame" data-nav={sections.length > 0 || undefined}>
      <header class="frame-top">
        <a class="skip" href="#content">
          {shared('skip')}
        </a>
        {sections.length > 0 && narrow.value && <IconButton label={t('menu_open')} icon={<Bars />} onClick={() => setOpen(true)} testid="nav-open" />}
        <a class="brand" href="/" title={shared('lobby')}>
          <span class="bars" aria-hidden="true">
            <i /> <i /> <i /> <i /> <i />
          </span>
          <span class="frame-brand">{shared('brand')}</span>
        </a>
        <span class="frame-title">{title}</span>
        <div class="frame-end">
          {!narrow.value && <Settings />}
          {account}
        </div>
      </header>
      {banner && <div class="frame-banner">{banner}</div>}
      {sections.length > 0 && !narrow.value && (
        <aside class="frame-side">
          <Nav groups={sections} path={path} />
        </aside>
      )}
      {narrow.value && open && (
        <Drawer onClose={() => setOpen(false)}>
          <Nav groups={sections} path={path} onGo={() => setOpen(false)} />
          <Settings />
        </Drawer>
      )}
      <main ref={content} id="content" class={gate ? 'frame-gate' : 'frame-content'} tabIndex={-1}>
        {gate ? <AtGate.Provider value={true}>{gate}</AtGate.Provider> : children}
        {narrow.value && sections.length === 0 && <Settings />}
      </main>
      <Questions />
      <Toasts />
    </div>
  );
}

function Nav({ groups, path, onGo }: { groups: readonly NavGroup[]; path: string; onGo?(): void }): JSX.Element {
  const here = (href: string) => path === href || path.startsWith(`${href}/`);
  const current = groups.flatMap((group) => group.items).filter((item) => here(item.href)).sort((a, b) => b.href.length - a.href.length)[0];
  return (
    <nav class="nav" aria-label={t('navigation')}>
      {groups.map((group, i) => (
        <div key={group.label ?? i} class="nav-group" role="group" aria-label={group.label}>
          {group.label && (
            <p class="nav-label" aria-hidden="true">
              {group.label}
            </p>
          )}
          <ul>
            {group.items.map((item) => (
              <li key={item.href}>
                <a href={item.href} aria-current={item === current ? 'page' : undefined} onClick={onGo} data-testid={item.testid}>
                  {item.icon}
                  <span>{item.label}</span>
                  {!!item.count && <span class="nav-count number">{item.count}</span>}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** The sections on a phone. */
function Drawer({ children, onClose }: { children: ComponentChildren; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const taken = useRef(false);
  useLayoutEffect(() => {
    const el = dialog.current as HTMLDialogElement;
    el.showModal();
    return () => {
      taken.current = true;
      el.close();
    };
  }, []);
  return (
    <dialog ref={dialog} class="drawer" aria-label={t('navigation')} onClose={() => !taken.current && onClose()} onClick={(ev) => ev.target === ev.currentTarget && onClose()} data-testid="drawer">
      <div class="drawer-inside">
        <IconButton label={t('close')} icon={<Close />} onClick={onClose} />
        {children}
      </div>
    </dialog>
  );
}

export interface HeadProps {
  title: string;
  /** One line below. */
  text?: ComponentChildren;
  /** What may be done here. */
  actions?: ComponentChildren;
  /** The way up, such as from one room to all. */
  back?: { href: string; label: string };
}

/** The top of a section. */
export function Head({ title, text, actions, back }: HeadProps): JSX.Element {
  return (
    <header class="head">
      <div class="head-words">
        {back && (
          <a class="head-back" href={back.href}>
            ← {back.label}
          </a>
        )}
        <h1>{title}</h1>
        {text && <p>{text}</p>}
      </div>
      {actions && <div class="head-actions">{actions}</div>}
    </header>
  );
}

export interface PanelProps {
  title?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
  /** Nothing between its edge and what is in it, as for a table. */
  flush?: boolean;
  testid?: string;
}

/** A sheet of paper that holds one thing. */
export function Panel({ title, actions, children, flush = false, testid }: PanelProps): JSX.Element {
  const Title = useContext(AtGate) ? 'h1' : 'h2';
  return (
    <section class={`panel${flush ? ' panel-flush' : ''}`} aria-label={title} data-testid={testid}>
      {(title || actions) && (
        <header class="panel-top">
          {title && <Title>{title}</Title>}
          {actions && <div class="panel-actions">{actions}</div>}
        </header>
      )}
      <div class="panel-body">{children}</div>
    </section>
  );
}
