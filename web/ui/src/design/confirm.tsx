import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { Callout } from './callout.tsx';
import { Dialog } from './dialog.tsx';
import { errorWords } from './errors.ts';
import { Field } from './field.tsx';
import { t } from './texts.ts';

export interface Question {
  title: string;
  /** What will happen, and whether it can be taken back. */
  text: ComponentChildren;
  /** The words of the button: what it does, not "OK". */
  act: string;
  /** It can't be taken back. */
  grave?: boolean;
  /** Text that must be typed first, such as the room's id; for what destroys much. */
  typed?: string;
  /** Does it; while it runs the dialog stays, and tells in words what failed. */
  run?(): Promise<void>;
  testid?: string;
}

interface Asked extends Question {
  answer(done: boolean): void;
}

const asked = signal<readonly Asked[]>([]);

/** Asks before something is done; true once it is (with `run`) or may be. A page shows questions by <Questions />, which Frame holds. */
export const confirm = (question: Question): Promise<boolean> =>
  new Promise((resolve) => {
    const one: Asked = {
      ...question,
      answer(done) {
        asked.value = asked.value.filter((other) => other !== one);
        resolve(done);
      },
    };
    asked.value = [...asked.value, one];
  });

/** The first question that waits for its answer. */
export function Questions(): JSX.Element | null {
  const one = asked.value[0];
  return one ? <Confirm key={one} {...one} onDone={() => one.answer(true)} onClose={() => one.answer(false)} /> : null;
}

/** The dialog of a question; `confirm` is the shorter way. */
export function Confirm({ title, text, act, grave = false, typed = '', run, onDone, onClose, testid = 'confirm' }: Question & { onDone(): void; onClose(): void }): JSX.Element {
  const id = useId();
  const [word, setWord] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const ready = word.trim() === typed;
  const go = async (ev: Event) => {
    ev.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setError('');
    try {
      await run?.();
      onDone();
    } catch (err) {
      setError(errorWords(err));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      size="small"
      role="alertdialog"
      describedBy={id}
      busy={busy}
      onClose={onClose}
      onSubmit={(ev) => void go(ev)}
      testid={testid}
      actions={
        <>
          <Button onClick={onClose} disabled={busy} testid="confirm-cancel">
            {t('cancel')}
          </Button>
          <Button type="submit" kind={grave ? 'grave' : 'main'} busy={busy} disabled={!ready} testid="confirm-act">
            {act}
          </Button>
        </>
      }
    >
      <div id={id}>{text}</div>
      {typed && <Field label={t('confirm_type', { word: typed })} value={word} onValue={setWord} mono testid="confirm-typed" />}
      {error && <Callout kind="bad">{error}</Callout>}
    </Dialog>
  );
}
