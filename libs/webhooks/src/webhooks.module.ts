import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { ApiConfig } from '#config';
import { LOGGER, type Logger } from '#observability';
import { OutboundClient } from '#outbound';
import { Database } from '#persistence';
import { Vault } from '#tokens';
import { Deliveries } from './delivery/deliveries.js';
import { DELIVERY_CONTEXT, type DeliveryContext } from './delivery/deliver.js';
import { Webhooks } from './endpoints/webhooks.js';
import { SweepWebhooks } from './sweep-webhooks.js';

/** Endpoints and their deliveries, for every process that has the database and the keys. */
@Module({})
export class WebhooksModule implements OnApplicationShutdown {
  constructor(@Inject(OutboundClient) private readonly outbound: OutboundClient) {}

  static forRoot({ allowCidrs, retryScale }: ApiConfig['webhooks']): DynamicModule {
    const providers = [
      { provide: OutboundClient, useFactory: () => new OutboundClient({ allowCidrs }) },
      {
        provide: DELIVERY_CONTEXT,
        inject: [Database, Vault, OutboundClient, LOGGER],
        useFactory: (
          ...[{ pool }, vault, outbound, logger]: [Database, Vault, OutboundClient, Logger]
        ): DeliveryContext => ({
          ...{ pool, vault, outbound, logger },
          ...{ scale: retryScale, random: Math.random },
        }),
      },
      Webhooks,
      Deliveries,
      SweepWebhooks,
    ];
    return { module: WebhooksModule, global: true, providers, exports: providers };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.outbound.close();
  }
}
