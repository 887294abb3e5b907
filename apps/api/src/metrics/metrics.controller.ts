import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { joinTexts, Metrics } from '#observability';
import { Public } from '../http/auth/caller.js';
import { MetricsGuard } from './metrics.guard.js';
import { WatchExchanger } from './watch-exchanger.js';

/** For Prometheus, not for clients of the API: docs/metrics.md lists the metrics. */
@ApiExcludeController()
@Public()
@UseGuards(MetricsGuard)
@Controller('/metrics')
export class MetricsController {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly exchanger: WatchExchanger,
  ) {}

  @Get()
  @Header('Content-Type', Metrics.contentType)
  @Header('Cache-Control', 'no-store')
  async metricsText(): Promise<string> {
    const exchanger = await this.exchanger.text();
    return joinTexts([await this.metrics.text(), exchanger]);
  }
}
