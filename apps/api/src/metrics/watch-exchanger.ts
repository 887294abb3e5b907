import { Inject, Injectable } from '@nestjs/common';
import { ExchangerCheck } from '#accounts';
import { Metrics } from '#observability';

/** Passes on what the exchanger of this machine tells: it has no port of its own. */
@Injectable()
export class WatchExchanger {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly exchanger: ExchangerCheck,
  ) {}

  /** Its Prometheus text; empty when it does not answer, and that is told too. */
  async text(): Promise<string> {
    if (!this.exchanger.isNeeded) return this.tell([], '');
    const text = await this.exchanger.metrics().catch(() => undefined);
    return this.tell([text === undefined ? 0 : 1], text ?? '');
  }

  private tell(up: number[], text: string): string {
    this.metrics.replace(
      'exchanger',
      up.map((value) => ({ name: 'evergrant_exchanger_up', labels: {}, value })),
    );
    return text;
  }
}
