import { type DynamicModule, Module } from '@nestjs/common';
import { AccountsModule, API_KEY_PREFIX, CreateApiKey, exchangerAt } from '#accounts';
import type { ApiConfig } from '#config';
import type { Logger } from '#observability';
import { ApiConfigModule } from '../api-config.module.js';
import { SandboxApps } from './sandbox-apps.js';
import { SeedDevelopment } from './seed-development.js';

/** The use cases of the API without its controllers, whose documentation takes half a second to load. */
@Module({})
export class SeedModule {
  static forRoot(config: ApiConfig, logger: Logger): DynamicModule {
    return {
      module: SeedModule,
      imports: [
        AccountsModule.forRoot({ config, logger, name: 'seed', exchanger: exchangerAt(config.exchangerSocket) }),
        ApiConfigModule.forRoot(config),
      ],
      providers: [
        { provide: API_KEY_PREFIX, useValue: config.callers.apiKeyPrefix },
        CreateApiKey,
        SandboxApps,
        SeedDevelopment,
      ],
    };
  }
}
