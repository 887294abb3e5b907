import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { WorkerConfig } from '#config';
import { LOGGER, type Logger, Metrics } from '#observability';
import { DELIVERY_CONTEXT, type DeliveryContext, WebhookSender } from '#webhooks';
import { WORKER_CONFIG } from './worker-config.js';

/** Sends webhooks for as long as the worker runs. */
@Module({})
export class WebhookDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #sender: WebhookSender;

  constructor(
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(DELIVERY_CONTEXT) context: DeliveryContext,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.#sender = new WebhookSender({ ...context, databaseUrl: config.database.url, metrics });
  }

  static with(metrics: Metrics): DynamicModule {
    return { module: WebhookDelivery, providers: [{ provide: Metrics, useValue: metrics }] };
  }

  onApplicationBootstrap(): void {
    if (this.config.webhooks.isOn) this.#sender.start();
    else this.logger.warn('webhooks.off');
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#sender.stop();
  }
}
