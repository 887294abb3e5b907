import { Inject, Injectable } from '@nestjs/common';
import { connectExchanger, type Exchanger, type TokenContext } from '#tokens';
import { TOKEN_EXCHANGE } from './injection.js';

/** The exchanger that listens at a socket. */
export const exchangerAt =
  (socketPath: string) =>
  ({ logger }: TokenContext): Exchanger =>
    connectExchanger(socketPath, logger);

/** What is wrong with the exchanger, in words that any caller may read. */
export type ExchangerProblem =
  'does not answer' | 'is closing' | 'its journal takes no more' | 'its journal goes with the container';

/** Reads the state of the exchanger. */
@Injectable()
export class ExchangerCheck {
  constructor(@Inject(TOKEN_EXCHANGE) private readonly exchanger: Exchanger) {}

  /** Its metrics in Prometheus' text format. Rejects when the exchanger does not answer. */
  metrics(): Promise<string> {
    return this.exchanger.metrics();
  }

  async problem(): Promise<ExchangerProblem | undefined> {
    try {
      const { status, journalWritable, journalLasts } = await this.exchanger.health();
      if (status === 'draining') return 'is closing';
      if (!journalWritable) return 'its journal takes no more';
      return journalLasts ? undefined : 'its journal goes with the container';
    } catch {
      return 'does not answer';
    }
  }
}
