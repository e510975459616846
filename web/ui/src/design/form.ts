import { signal, type ReadonlySignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { errorWords, isRefusal } from './errors.ts';

export interface FormConfig<T extends object> {
  initial: T;
  /** Checks before anything is sent: words for each field at fault. */
  check?(values: T): Partial<Record<keyof T, string>>;
  /** Sends; `before`: what was given or last saved. A refusal that names a field is told at that field, every other one at the form. */
  save(values: T, before: T): Promise<void>;
  /** The server's names of fields where the form has others, such as `{ 'settings.history': 'history' }`. */
  names?: Record<string, keyof T>;
  /** Words for a refusal, '' for the usual ones. */
  words?(err: unknown): string;
}

/** What is in a form and how it stands. Fields keep what they hold whatever the server says. */
export class Form<T extends object> {
  readonly #values;
  readonly #errors = signal<Partial<Record<keyof T, string>>>({});
  readonly #error = signal('');
  readonly #busy = signal(false);
  #config: FormConfig<T>;
  /** Fields that are drawn, so that a fault can be told there. */
  readonly #drawn = new Set<keyof T>();
  #kept: T;
  constructor(config: FormConfig<T>) {
    this.#config = config;
    this.#kept = config.initial;
    this.#values = signal(config.initial);
  }

  get values(): T {
    return this.#values.value;
  }
  /** What is at fault with the form as a whole; '' for nothing. */
  get error(): string {
    return this.#error.value;
  }
  get busy(): ReadonlySignal<boolean>['value'] {
    return this.#busy.value;
  }
  /** Something in it differs from what was given or last saved. */
  get changed(): boolean {
    return JSON.stringify(this.#values.value) !== JSON.stringify(this.#kept);
  }

  set<K extends keyof T>(name: K, value: T[K]): void {
    this.#values.value = { ...this.#values.value, [name]: value };
    if (this.#errors.value[name]) this.#errors.value = { ...this.#errors.value, [name]: '' };
  }

  /** Checks and sends as told here from now on; what is in it stays. */
  follow(config: FormConfig<T>): void {
    this.#config = config;
  }

  /** Takes what somebody else has saved meanwhile, unless something is being changed here. */
  take(values: T): void {
    if (!this.changed && !this.#busy.value) this.reset(values);
  }

  /** Starts anew, from other values where they are given. */
  reset(values: T = this.#kept): void {
    this.#kept = values;
    this.#values.value = values;
    this.#errors.value = {};
    this.#error.value = '';
  }

  /** What a field of the design system takes. */
  field<K extends keyof T>(name: K): { name: string; value: T[K]; onValue(value: T[K]): void; error: string } {
    this.#drawn.add(name);
    return { name: String(name), value: this.values[name], onValue: (value) => this.set(name, value), error: this.#errors.value[name] ?? '' };
  }

  /** Checks and sends, unless that is going on; true once it is saved. For `onSubmit`. */
  readonly submit = async (ev?: Event): Promise<boolean> => {
    ev?.preventDefault();
    if (this.#busy.value) return false;
    const values = this.#values.value;
    const found = Object.entries(this.#config.check?.(values) ?? {}).filter(([, words]) => words);
    this.#errors.value = Object.fromEntries(found) as Partial<Record<keyof T, string>>;
    this.#error.value = '';
    if (found.length > 0) {
      focusFault(ev);
      return false;
    }
    this.#busy.value = true;
    try {
      await this.#config.save(values, this.#kept);
      this.#kept = values;
      return true;
    } catch (err) {
      this.#refused(err);
      focusFault(ev);
      return false;
    } finally {
      this.#busy.value = false;
    }
  };

  #refused(err: unknown): void {
    const words = this.#config.words?.(err) || errorWords(err);
    const name = isRefusal(err) ? this.#nameOf(err.field) : null;
    if (name === null) this.#error.value = words;
    else this.#errors.value = { ...this.#errors.value, [name]: words };
  }

  /** The form's name for the server's: by the table, as it is, or by its last part (`settings.history`, `rooms[2].title`); null for what is not drawn. */
  #nameOf(field: string): keyof T | null {
    const last = field.replace(/\[\d+\]$/, '').split('.').pop() ?? '';
    const found = [this.#config.names?.[field], field as keyof T, last as keyof T];
    return found.find((name) => name !== undefined && this.#drawn.has(name)) ?? null;
  }
}

/** Brings the first field at fault before who filled the form in, once it is drawn so. */
function focusFault(ev?: Event): void {
  const form = ev?.currentTarget;
  if (!form || !('querySelector' in form)) return;
  requestAnimationFrame(() => (form as HTMLFormElement).querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}

/** A form as long as the component is shown; it checks and sends by what the component holds when that is done. */
export function useForm<T extends object>(config: FormConfig<T>): Form<T> {
  const [form] = useState(() => new Form(config));
  form.follow(config);
  return form;
}
