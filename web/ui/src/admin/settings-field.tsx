import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { Bin } from '../design/icons.tsx';
import type { Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button, IconButton } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { Select } from '../design/select.tsx';
import { Switch } from '../design/switch.tsx';
import { t, type ServerKey } from './server-texts.ts';
import { held, shown, type Edits, type Held, type Name, type Rule, type Settings } from './settings-model.ts';

export interface ControlProps {
  rule: Rule;
  found: Schemas['SettingsBody'];
  edits: Edits;
  error: string;
  onEdit(name: Name, to: Held | null): void;
}

/** One switch: its control, and how it stands against the configuration. */
export function Control(props: ControlProps): JSX.Element {
  const { rule, edits } = props;
  const state = rule.name in edits ? (edits[rule.name] === null ? 'back' : 'edited') : props.found.changed.includes(rule.name) ? 'changed' : undefined;
  return (
    <div class="setting" data-state={state} data-setting={rule.name}>
      <Input {...props} />
      <Standing {...props} state={state} />
    </div>
  );
}

function Input({ rule, found, edits, error, onEdit }: ControlProps): JSX.Element {
  const value = shown(rule, edits, found);
  const frame = { label: t(`set_${rule.name}`), hint: t(`set_${rule.name}_hint` as ServerKey), error, testid: `set-${rule.name}` };
  const onValue = (to: Held) => onEdit(rule.name, to);
  switch (rule.kind) {
    case 'switch':
      return <Switch {...frame} value={value as boolean} onValue={onValue} />;
    case 'choice':
      return <Select {...frame} value={value as string} onValue={onValue} options={rule.of.map((one) => ({ value: one, label: t(`set_${rule.name}_${one}` as ServerKey) }))} />;
    case 'list':
      return <Several rule={rule} value={value as readonly string[]} error={error} onValue={onValue} />;
    default:
      return (
        <>
          <Field {...frame} value={value as string} onValue={onValue} inputMode={rule.kind === 'number' && rule.whole ? 'numeric' : 'decimal'} after={rule.kind === 'length' ? t(`unit_${rule.unit}`) : undefined} />
          {rule.kind === 'number' && rule.presets && (
            <div class="chips" role="group" aria-label={t('presets')}>
              {rule.presets.map((preset) => (
                <Button key={preset} small pressed={value === String(preset)} onClick={() => onValue(String(preset))} testid={`preset-${preset}`}>
                  {preset}
                </Button>
              ))}
            </div>
          )}
        </>
      );
  }
}

/** Several names, put in and taken out. */
function Several({ rule, value, error, onValue }: { rule: Extract<Rule, { kind: 'list' }>; value: readonly string[]; error: string; onValue(to: readonly string[]): void }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState('');
  const add = () => {
    const one = typed.trim();
    if (one === '') return;
    if (!rule.item.test(one)) return setFault(t(`fault_item_${rule.name as 'admins' | 'embedOrigins'}`));
    if (value.length >= rule.most && !value.includes(one)) return setFault(t('fault_many', { n: rule.most }));
    if (!value.includes(one)) onValue([...value, one]);
    setTyped('');
  };
  return (
    <div class="stack">
      <ul class="plain-list">
        {rule.name === 'admins' && (
          <li>
            <span class="mono">administrator</span> <span class="quiet">{t('admin_always')}</span>
          </li>
        )}
        {value.map((one) => (
          <li key={one}>
            <span class="mono">{one}</span>
            <IconButton label={t('list_remove', { what: one })} icon={<Bin />} small onClick={() => onValue(value.filter((other) => other !== one))} testid={`remove-${rule.name}`} />
          </li>
        ))}
        {value.length === 0 && rule.name !== 'admins' && <li class="quiet">{t('embed_nobody')}</li>}
      </ul>
      <div class="setting-add">
        <Field
          label={t(`set_${rule.name}`)}
          hint={t(`set_${rule.name}_hint` as ServerKey)}
          error={fault || error}
          mono
          value={typed}
          onValue={(text) => {
            setTyped(text);
            setFault('');
          }}
          onKeyDown={(ev) => {
            if (ev.key !== 'Enter' || ev.isComposing) return;
            ev.preventDefault();
            add();
          }}
          testid={`set-${rule.name}`}
        />
        <Button icon={<Plus />} onClick={add} testid={`add-${rule.name}`}>
          {t('list_add')}
        </Button>
      </div>
    </div>
  );
}

function Standing({ rule, found, onEdit, state }: ControlProps & { state: string | undefined }): JSX.Element | null {
  if (!state) return null;
  const configured = inWords(rule, held(rule, found.configured as Settings));
  return (
    <p class="setting-standing">
      {state === 'changed' ? (
        <>
          <Badge kind="note">{t('setting_changed')}</Badge> <span>{t('setting_configured', { value: configured })}</span>
          <Button kind="plain" small onClick={() => onEdit(rule.name, null)} testid={`back-${rule.name}`}>
            {t('setting_back')}
          </Button>
        </>
      ) : (
        <>
          <Badge kind="warn">{t(state === 'back' ? 'setting_will_back' : 'setting_unsaved')}</Badge>
          <span>{t('setting_now', { value: inWords(rule, held(rule, found.settings)) })}</span>
          <Button kind="plain" small onClick={() => onEdit(rule.name, held(rule, found.settings))} testid={`drop-${rule.name}`}>
            {t('setting_drop')}
          </Button>
        </>
      )}
    </p>
  );
}

function inWords(rule: Rule, value: Held): string {
  if (typeof value === 'boolean') return t(value ? 'on' : 'off');
  if (typeof value !== 'string') return value.length === 0 ? t('list_none') : value.join(', ');
  if (rule.kind === 'choice') return t(`set_${rule.name}_${value}` as ServerKey);
  return rule.kind === 'length' ? `${value} ${t(`unit_${rule.unit}`)}` : value;
}
