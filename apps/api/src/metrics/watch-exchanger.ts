import { Inject, Injectable } from '@nestjs/common';
import { ExchangerCheck } from '#accounts';
import { Metrics } from '#observability';

/** Passes on the metrics of this machine's exchanger: it has no port of its own. */
@Injectable()
export class WatchExchanger {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly exchanger: ExchangerCheck,
  ) {}

  /** Its metrics in Prometheus' text format; empty when it does not answer. `evergrant_exchanger_up` says which. */
  async text(): Promise<string> {
    const text = await this.exchanger.metrics().catch(() => undefined);
    const up = text === undefined ? 0 : 1;
    this.metrics.replace('exchanger', [{ name: 'evergrant_exchanger_up', labels: {}, value: up }]);
    return text ?? '';
  }
}
