import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { errorWords } from '../design/errors.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { toast } from '../design/toast.tsx';
import { languageTag } from '../i18n/index.ts';
import { useConsole, useRead } from './context.ts';
import { moment } from './format.ts';
import { isAway } from './loader.ts';
import { plural, t } from './server-texts.ts';
import { Control } from './settings-field.tsx';
import { edited, faultOf, GROUPS, merged, nameOf, patchOf, shown, type Edits, type Name } from './settings-model.ts';
import { t as title } from './texts.ts';

/** What was changed and is not saved stays while one looks at other sections. */
const draft = signal<Edits>({});

/** The switches, changed while everything runs. */
export default function SettingsPage(): JSX.Element {
  const found = useRead((http, signal) => data(http.GET('/api/v1/settings', { signal })), [], { every: 10_000 });
  const { value } = found;
  return (
    <>
      <Head title={title('nav_settings')} text={value ? (value.changedAt ? t('settings_last', { time: moment(value.changedAt), by: value.changedBy || '–' }) : t('settings_text')) : undefined} />
      {found.error !== null && !isAway(found.error) && (
        <Callout kind="bad" action={<Button onClick={() => void found.read()}>{t('again')}</Button>}>
          {errorWords(found.error)}
        </Callout>
      )}
      {!value && found.error === null && (
        <p class="waiting" role="status">
          <Spinner /> {t('asking')}
        </p>
      )}
      {value && <Form found={value} put={found.put} read={found.read} />}
    </>
  );
}

function Form({ found, put, read }: { found: Schemas['SettingsBody']; put(value: Schemas['SettingsBody']): void; read(): Promise<void> }): JSX.Element {
  const { http } = useConsole();
  const [errors, setErrors] = useState<Partial<Record<Name, string>>>({});
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [both, setBoth] = useState<Name[]>([]);
  const before = useRef(found);
  const edits = draft.value;
  const names = Object.keys(edits) as Name[];
  useEffect(() => {
    const was = before.current;
    before.current = found;
    if (was.version === found.version) return;
    const now = merged(draft.value, was, found);
    draft.value = now.edits;
    setBoth(now.both);
  }, [found.version]);
  const drop = () => {
    draft.value = {};
    setErrors({});
    setError('');
    setBoth([]);
  };
  const save = async () => {
    const faults = faultsOf(edits, found);
    setErrors(faults);
    setError('');
    if (Object.keys(faults).length > 0) return focusFault();
    setBusy(true);
    try {
      const n = names.length;
      const after = await data(http.PATCH('/api/v1/settings', { body: { version: found.version, settings: patchOf(edits) } }));
      drop();
      before.current = after;
      put(after);
      toast(plural('settings_saved', n));
    } catch (err) {
      if (err instanceof ApiError && err.code === 'settings_changed') {
        setError(t('settings_conflict'));
        await read();
      } else {
        const name = err instanceof ApiError ? nameOf(err.field) : null;
        if (name) setErrors({ [name]: errorWords(err) });
        else setError(errorWords(err));
        focusFault();
      }
    } finally {
      setBusy(false);
    }
  };
  const edit = (name: Name, to: Parameters<typeof edited>[2]) => {
    draft.value = edited(draft.value, name, to, found);
    setErrors(({ [name]: _, ...rest }) => rest);
    setBoth((all) => all.filter((one) => one !== name));
  };
  return (
    <div class="stack" data-testid="settings" data-version={found.version}>
      <div class="settings-groups">
        {GROUPS.map((group) => (
          <Panel key={group.key} title={t(`settings_${group.key}`)} testid={`settings-${group.key}`}>
            <div class="stack">
              {group.rules.map((rule) => (
                <Control key={rule.name} rule={rule} found={found} edits={edits} error={errors[rule.name] ?? ''} onEdit={edit} />
              ))}
            </div>
          </Panel>
        ))}
      </div>
      {(names.length > 0 || error) && (
        <div class="save-bar" role="group" aria-label={t('unsaved')} data-testid="save-bar">
          <div class="save-words" role="status">
            {names.length > 0 && <strong>{plural('settings_unsaved', names.length)}</strong>}
            {both.length > 0 && <span data-testid="settings-both">{t('settings_both', { names: both.map((name) => t(`set_${name}`)).join(', ') })}</span>}
            {error && <span class="save-error">{error}</span>}
          </div>
          <Button onClick={drop} disabled={busy} testid="settings-drop">
            {t('drop')}
          </Button>
          <Button kind="main" busy={busy} disabled={names.length === 0} onClick={() => void save()} testid="settings-save">
            {t('save')}
          </Button>
        </div>
      )}
    </div>
  );
}

function faultsOf(edits: Edits, found: Schemas['SettingsBody']): Partial<Record<Name, string>> {
  const faults: Partial<Record<Name, string>> = {};
  for (const rule of GROUPS.flatMap((group) => group.rules)) {
    if (edits[rule.name] === undefined || edits[rule.name] === null) continue;
    const fault = faultOf(rule, shown(rule, edits, found));
    if (fault) faults[rule.name] = t(fault.key, fault.values && Object.fromEntries(Object.entries(fault.values).map(([name, n]) => [name, n.toLocaleString(languageTag())])));
  }
  return faults;
}

/** Brings the first switch at fault before who saves, clear of the bars above and below. */
const focusFault = (): void =>
  void requestAnimationFrame(() => {
    const field = document.querySelector<HTMLElement>('[data-testid=settings] [aria-invalid=true]');
    field?.focus({ preventScroll: true });
    field?.scrollIntoView({ block: 'center' });
  });
