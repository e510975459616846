/** Keeps the newest `limit` entries. */
export class Recent<K, V> extends Map<K, V> {
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  keep(key: K, value: V): void {
    this.delete(key);
    this.set(key, value);
    if (this.size > this.#limit) this.delete(this.keys().next().value as K);
  }
}
