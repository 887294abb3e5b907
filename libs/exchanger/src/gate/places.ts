/** The user of a place. */
export interface Guest {
  workspaceId: string;
  platform: string;
}

/** Limits concurrent exchanges; those of one workspace to a quarter of all, those of one platform, which may hang, to three quarters. */
export class Places {
  readonly #workspaces: Shares;
  readonly #platforms: Shares;
  #taken = 0;

  constructor(private readonly count: number) {
    this.#workspaces = new Shares(Math.max(1, Math.floor(count / 4)));
    this.#platforms = new Shares(Math.max(1, Math.floor((count * 3) / 4)));
  }

  get taken(): number {
    return this.#taken;
  }

  isFull(): boolean {
    return this.#taken >= this.count;
  }

  has({ workspaceId, platform }: Guest): boolean {
    return !this.isFull() && this.#workspaces.has(workspaceId) && this.#platforms.has(platform);
  }

  take({ workspaceId, platform }: Guest): void {
    this.#taken += 1;
    this.#workspaces.change(workspaceId, 1);
    this.#platforms.change(platform, 1);
  }

  free({ workspaceId, platform }: Guest): void {
    this.#taken -= 1;
    this.#workspaces.change(workspaceId, -1);
    this.#platforms.change(platform, -1);
  }
}

/** The places that each of a kind holds, and the most that one may hold. */
class Shares {
  readonly #taken = new Map<string, number>();

  constructor(private readonly most: number) {}

  has(name: string): boolean {
    return (this.#taken.get(name) ?? 0) < this.most;
  }

  change(name: string, by: 1 | -1): void {
    const taken = (this.#taken.get(name) ?? 0) + by;
    if (taken > 0) this.#taken.set(name, taken);
    else this.#taken.delete(name);
  }
}
