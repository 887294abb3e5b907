import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Metrics } from '#observability';
import { Public } from '../http/caller.js';
import { MetricsGuard } from './metrics.guard.js';

/** For Prometheus, not for callers of the API: docs/metrics.md tells what is here. */
@ApiExcludeController()
@Public()
@UseGuards(MetricsGuard)
@Controller('/metrics')
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  @Header('Content-Type', Metrics.contentType)
  @Header('Cache-Control', 'no-store')
  metricsText(): Promise<string> {
    return this.metrics.text();
  }
}
