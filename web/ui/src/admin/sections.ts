import type { ComponentType, JSX } from 'preact';
import { Outgoing, People, Play, Present } from '../components/icons.tsx';
import { Clock, Grid, Home, Key, Lines, List, Server, Signed, Sliders, Stop, Turn } from '../design/icons.tsx';
import { t } from './texts.ts';

/** A part of the console: `/admin/{key}` and what is below it. */
export interface Section {
  key: string;
  title(): string;
  icon: () => JSX.Element;
  /** Loaded when it is first gone to. The module's default is the whole page of the section, which finds its way by the router. */
  load(): Promise<{ default: ComponentType }>;
}

export interface SectionGroup {
  title(): string;
  sections: readonly Section[];
}

/** Where the console begins: at /admin itself. */
export const HOME = 'overview';

export const groups: readonly SectionGroup[] = [
  {
    title: () => t('group_live'),
    sections: [
      { key: HOME, title: () => t('overview_title'), icon: Home, load: () => import('./overview.tsx') },
      { key: 'rooms', title: () => t('rooms_title'), icon: List, load: () => import('./rooms.tsx') },
      { key: 'wall', title: () => t('wall_title'), icon: Grid, load: () => import('./wall.tsx') },
    ],
  },
  {
    title: () => t('group_people'),
    sections: [
      { key: 'users', title: () => t('nav_users'), icon: People, load: () => import('./users.tsx') },
      { key: 'words', title: () => t('nav_words'), icon: Stop, load: () => import('./words-page.tsx') },
      { key: 'gifts', title: () => t('nav_gifts'), icon: Present, load: () => import('./gifts.tsx') },
      { key: 'broadcasts', title: () => t('nav_broadcasts'), icon: Outgoing, load: () => import('./broadcasts.tsx') },
    ],
  },
  {
    title: () => t('group_server'),
    sections: [
      { key: 'recordings', title: () => t('nav_recordings'), icon: Play, load: () => import('./recordings.tsx') },
      { key: 'callbacks', title: () => t('nav_callbacks'), icon: Turn, load: () => import('./callbacks.tsx') },
      { key: 'addresses', title: () => t('nav_addresses'), icon: Lines, load: () => import('./addresses.tsx') },
      { key: 'keys', title: () => t('nav_keys'), icon: Key, load: () => import('./keys.tsx') },
      { key: 'usersigs', title: () => t('nav_usersigs'), icon: Signed, load: () => import('./usersigs.tsx') },
      { key: 'settings', title: () => t('nav_settings'), icon: Sliders, load: () => import('./settings.tsx') },
      { key: 'nodes', title: () => t('nodes_title'), icon: Server, load: () => import('./nodes.tsx') },
      { key: 'audit', title: () => t('audit_title'), icon: Clock, load: () => import('./audit.tsx') },
    ],
  },
];

const all = groups.flatMap((group) => group.sections);

export const hrefOf = (section: Section): string => (section.key === HOME ? '/admin' : `/admin/${section.key}`);

/** The section that a path is of; null: of none. */
export function sectionOf(path: string): Section | null {
  const key = path.replace(/^\/admin\/?/, '').split('/')[0] || HOME;
  return all.find((section) => section.key === key) ?? null;
}
