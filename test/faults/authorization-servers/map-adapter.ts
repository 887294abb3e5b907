export interface Payload {
  accountId?: string;
  grantId?: string;
  consumed?: unknown;
  [field: string]: unknown;
}

/** oidc-provider's storage in memory: the library's own drops entries beyond a thousand. */
export class MapStore {
  readonly #models = new Map<string, Map<string, Payload>>();
  readonly #byGrant = new Map<string, Set<string>>();

  model(name: string): Map<string, Payload> {
    const model = this.#models.get(name) ?? new Map<string, Payload>();
    this.#models.set(name, model);
    return model;
  }

  /** The ids of one model of a grant, oldest first. */
  ofGrant(name: string, grantId: string): string[] {
    return [...(this.#byGrant.get(`${name} ${grantId}`) ?? [])];
  }

  put(name: string, id: string, payload: Payload): void {
    this.model(name).set(id, payload);
    if (payload.grantId === undefined) return;
    const key = `${name} ${payload.grantId}`;
    this.#byGrant.set(key, (this.#byGrant.get(key) ?? new Set()).add(id));
  }

  remove(name: string, id: string): void {
    const payload = this.model(name).get(id);
    this.model(name).delete(id);
    if (payload?.grantId !== undefined) this.#byGrant.get(`${name} ${payload.grantId}`)?.delete(id);
  }
}

/** What oidc-provider requires of an adapter, for one of its models. Nothing is taken out when it ends: the library looks. */
export class MapAdapter {
  constructor(
    private readonly name: string,
    private readonly store: MapStore,
  ) {}

  upsert(id: string, payload: Payload): Promise<void> {
    this.store.put(this.name, id, payload);
    return Promise.resolve();
  }

  find(id: string): Promise<Payload | undefined> {
    return Promise.resolve(this.store.model(this.name).get(id));
  }

  findByUid(uid: string): Promise<Payload | undefined> {
    return Promise.resolve([...this.store.model(this.name).values()].find((payload) => payload.uid === uid));
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  consume(id: string): Promise<void> {
    const payload = this.store.model(this.name).get(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1_000);
    return Promise.resolve();
  }

  destroy(id: string): Promise<void> {
    this.store.remove(this.name, id);
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const id of this.store.ofGrant(this.name, grantId)) this.store.remove(this.name, id);
    return Promise.resolve();
  }
}
