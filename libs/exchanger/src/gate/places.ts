/** Limits concurrent exchanges, and those of one workspace to a quarter of all. */
export class Places {
  readonly #ofWorkspace = new Map<string, number>();
  readonly #quarter: number;
  #taken = 0;

  constructor(private readonly count: number) {
    this.#quarter = Math.max(1, Math.floor(count / 4));
  }

  get taken(): number {
    return this.#taken;
  }

  isFull(): boolean {
    return this.#taken >= this.count;
  }

  has(workspaceId: string): boolean {
    return !this.isFull() && (this.#ofWorkspace.get(workspaceId) ?? 0) < this.#quarter;
  }

  take(workspaceId: string): void {
    this.#taken += 1;
    this.#ofWorkspace.set(workspaceId, (this.#ofWorkspace.get(workspaceId) ?? 0) + 1);
  }

  free(workspaceId: string): void {
    this.#taken -= 1;
    const left = (this.#ofWorkspace.get(workspaceId) ?? 1) - 1;
    if (left > 0) this.#ofWorkspace.set(workspaceId, left);
    else this.#ofWorkspace.delete(workspaceId);
  }
}
