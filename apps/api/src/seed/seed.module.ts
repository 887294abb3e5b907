import { type DynamicModule, Module } from '@nestjs/common';
import { AccountsModule } from '#accounts';
import type { ApiConfig } from '#config';
import type { Logger } from '#observability';
import { ApiConfigModule } from '../api-config.module.js';
import { ApiKeyLookup } from '../api-keys/api-key-lookup.js';
import { CreateApiKey } from '../api-keys/create-api-key.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { SandboxApps } from './sandbox-apps.js';
import { SeedDevelopment } from './seed-development.js';

/** What the seed needs of the API: the same use cases, without the controllers, whose documentation takes half a second to load. */
@Module({})
export class SeedModule {
  static forRoot(config: ApiConfig, logger: Logger): DynamicModule {
    return {
      module: SeedModule,
      imports: [
        AccountsModule.forRoot({ config, logger, name: 'seed', exchange: 'socket' }),
        ApiConfigModule.forRoot(config),
        WorkspacesModule,
      ],
      providers: [ApiKeyLookup, CreateApiKey, SandboxApps, SeedDevelopment],
    };
  }
}
