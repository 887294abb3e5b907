import { type DynamicModule, Module } from '@nestjs/common';
import { AccountsModule, type AccountsOptions } from '#accounts';
import type { ApiConfig } from '#config';
import type { Logger, Metrics } from '#observability';
import { WebhooksModule } from '#webhooks';
import { AccountsSurfaceModule } from './accounts/accounts.module.js';
import { ApiConfigModule } from './api-config.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { CallsModule } from './calls/calls.module.js';
import { ConnectModule } from './connect/connect.module.js';
import { HomeController } from './docs/home.controller.js';
import { HealthModule } from './health/health.module.js';
import type { AddressCounts } from './http/address-counts.js';
import { HttpModule } from './http/http.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OAuthAppsModule } from './oauth-apps/oauth-apps.module.js';
import { LeasesModule } from './leases/leases.module.js';
import { ProjectsModule } from './projects/projects.module.js';
import { PushModule } from './push/push.module.js';
import { WebhooksSurfaceModule } from './webhooks/webhooks.module.js';

export interface ApiOptions {
  config: ApiConfig;
  logger: Logger;
  metrics: Metrics;
  exchanger: AccountsOptions['exchanger'];
  counts: AddressCounts;
}

/** The API: everything it serves, on one screen. */
@Module({})
export class ApiModule {
  static forRoot({ config, logger, metrics, exchanger, counts }: ApiOptions): DynamicModule {
    return {
      module: ApiModule,
      controllers: [HomeController],
      imports: [
        AccountsModule.forRoot({
          config,
          logger,
          name: 'api',
          exchanger,
          metrics,
          mostWaiting: config.database.waiting,
        }),
        ApiConfigModule.forRoot(config, counts),
        HttpModule,
        ConnectModule,
        AccountsSurfaceModule,
        CallsModule,
        OAuthAppsModule,
        ApiKeysModule,
        ProjectsModule,
        LeasesModule,
        PushModule,
        WebhooksModule.forRoot(config.webhooks),
        WebhooksSurfaceModule,
        HealthModule,
        MetricsModule.forRoot(metrics),
      ],
    };
  }
}
