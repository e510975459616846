import type { JSX } from 'preact';
import { data } from '../../api/http.ts';
import { Callout } from '../../design/callout.tsx';
import { errorWords } from '../../design/errors.ts';
import { Panel } from '../../design/frame.tsx';
import { useRead } from '../context.ts';
import { isAway, type Loaded } from '../loader.ts';
import { t } from '../texts.ts';
import type { Room } from './page.tsx';

/** What programs keep in the room: fields of the group, attributes, counters. They are theirs, so they are only shown. */
export function StateTab({ room }: { room: Room }): JSX.Element {
  const path = { room: room.id };
  const fields = useRead(async (http, signal) => (await data(http.GET('/api/v1/rooms/{room}/fields', { params: { path }, signal }))).fields, [room.id], { every: 10_000 });
  const attributes = useRead(async (http, signal) => (await data(http.GET('/api/v1/rooms/{room}/attributes', { params: { path }, signal }))).attributes, [room.id], { every: 10_000 });
  const counters = useRead(async (http, signal) => (await data(http.GET('/api/v1/rooms/{room}/counters', { params: { path }, signal }))).counters, [room.id], { every: 10_000 });
  return (
    <div class="stack">
      <p class="quiet">{t('state_text')}</p>
      <Pairs title={t('state_fields')} found={fields} />
      <Pairs title={t('state_attributes')} found={attributes} />
      <Pairs title={t('state_counters')} found={counters} />
    </div>
  );
}

function Pairs({ title, found }: { title: string; found: Loaded<Record<string, unknown>> }): JSX.Element {
  const all = Object.entries(found.value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Panel title={title}>
      {found.error !== null && !isAway(found.error) && <Callout kind="bad">{errorWords(found.error)}</Callout>}
      {found.value && all.length === 0 && <p class="quiet">{t('none')}</p>}
      <dl class="facts-list">
        {all.map(([name, value]) => (
          <>
            <dt class="mono" key={name}>
              {name}
            </dt>
            <dd class="mono">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </>
        ))}
      </dl>
    </Panel>
  );
}
