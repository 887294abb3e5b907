/** Where changes go, in the order they were made; the app that owns the disk decides how. */
export interface Journal {
  put(key: string, value: object): void;
  delete(key: string): void;
}

/** One kind of record, read from memory and written to the journal under `<kind>!<key>`. */
export class Collection<Item extends object> {
  protected readonly items = new Map<string, Item>();

  constructor(
    readonly kind: string,
    private readonly keyOf: (item: Item) => string,
    private readonly journal: Journal,
  ) {}

  get(key: string): Item | undefined {
    return this.items.get(key);
  }

  all(): Iterable<Item> {
    return this.items.values();
  }

  save(item: Item): void {
    this.restore(item);
    this.journal.put(`${this.kind}!${this.keyOf(item)}`, item);
  }

  delete(item: Item): void {
    this.items.delete(this.keyOf(item));
    this.journal.delete(`${this.kind}!${this.keyOf(item)}`);
  }

  /** Takes back what the journal kept. */
  restore(item: Item): void {
    this.items.set(this.keyOf(item), item);
  }

  clear(): void {
    for (const item of [...this.items.values()]) this.delete(item);
  }
}
