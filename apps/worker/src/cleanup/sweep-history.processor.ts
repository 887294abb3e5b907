import { Inject } from '@nestjs/common';
import { SweepHistory } from '#accounts';
import { type WorkerConfig } from '#config';
import { historySweep } from '#jobs';
import { LOGGER, type Logger } from '#observability';
import { Handles } from '../runtime/handles.js';
import { WORKER_CONFIG } from '../worker-config.js';

@Handles(historySweep)
export class SweepHistoryProcessor {
  constructor(
    private readonly sweepHistory: SweepHistory,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const forgotten = await this.sweepHistory.execute({ eventDays: this.config.retention.eventDays });
    if (forgotten > 0) this.logger.info({ forgotten }, 'old rows were forgotten');
  }
}
