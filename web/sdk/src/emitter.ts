import type { Handler } from './types.ts';

/** Who listens to what. A handler that throws harms neither the others nor the SDK. */
export class Emitter {
  readonly #handlers = new Map<string, { handler: Handler; context: unknown }[]>();
  readonly #failed: (name: string, err: unknown) => void;

  constructor(failed: (name: string, err: unknown) => void) {
    this.#failed = failed;
  }

  on(name: string, handler: Handler, context?: unknown): void {
    if (typeof handler !== 'function') return;
    const list = this.#handlers.get(name) ?? [];
    this.#handlers.set(name, list);
    if (!list.some((h) => h.handler === handler && h.context === context)) list.push({ handler, context });
  }

  /** Without a context: wherever the handler was bound; without a handler: all of the name. */
  off(name: string, handler?: Handler, context?: unknown): void {
    const list = this.#handlers.get(name);
    if (!list) return;
    const left = list.filter((h) => handler !== undefined && !(h.handler === handler && (context === undefined || h.context === context)));
    if (left.length > 0) this.#handlers.set(name, left);
    else this.#handlers.delete(name);
  }

  emit(name: string, data?: unknown): void {
    for (const { handler, context } of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler.call(context, { name, data });
      } catch (err) {
        this.#failed(name, err);
      }
    }
  }

  clear(): void {
    this.#handlers.clear();
  }
}
