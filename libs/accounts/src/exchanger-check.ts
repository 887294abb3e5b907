import { askHealth, askMetrics } from '#tokens';

/** What is wrong with the process that talks to token endpoints, in words that anyone may read. */
export type ExchangerTrouble =
  'does not answer' | 'is closing' | 'its journal takes no more' | 'its journal goes with the container';

/** Asks the exchanger how it is. */
export class ExchangerCheck {
  constructor(private readonly socketPath: string | undefined) {}

  /** False where this process talks to token endpoints itself. */
  get isNeeded(): boolean {
    return this.socketPath !== undefined;
  }

  /** Its numbers in Prometheus' text format; rejects when it does not answer. */
  metrics(): Promise<string> {
    return this.socketPath === undefined ? Promise.resolve('') : askMetrics(this.socketPath);
  }

  async trouble(): Promise<ExchangerTrouble | undefined> {
    if (this.socketPath === undefined) return undefined;
    try {
      const { status, journalWritable, journalLasts } = await askHealth(this.socketPath);
      if (status === 'draining') return 'is closing';
      if (!journalWritable) return 'its journal takes no more';
      return journalLasts ? undefined : 'its journal goes with the container';
    } catch {
      return 'does not answer';
    }
  }
}
