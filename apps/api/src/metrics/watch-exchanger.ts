import { Inject, Injectable } from '@nestjs/common';
import { ExchangerCheck } from '#accounts';
import { Metrics } from '#observability';

/** Adds the metrics of this machine's exchanger, which has no port of its own. */
@Injectable()
export class WatchExchanger {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly exchanger: ExchangerCheck,
  ) {}

  /** Its metrics in the text format of Prometheus; empty without an answer. `evergrant_exchanger_up` distinguishes the two. */
  async text(): Promise<string> {
    const text = await this.exchanger.metrics().catch(() => undefined);
    const up = text === undefined ? 0 : 1;
    this.metrics.replace('exchanger', [{ name: 'evergrant_exchanger_up', labels: {}, value: up }]);
    return text ?? '';
  }
}
