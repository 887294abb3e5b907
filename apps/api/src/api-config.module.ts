import { type DynamicModule, Module } from '@nestjs/common';
import type { ApiConfig } from '#config';
import { API_CONFIG } from './api-config.js';
import { AddressCounts } from './http/address-counts.js';

/** Provides the configuration, and the counts that the server shares with the guards, to every module. */
@Module({})
export class ApiConfigModule {
  static forRoot(config: ApiConfig, counts: AddressCounts): DynamicModule {
    const providers = [
      { provide: API_CONFIG, useValue: config },
      { provide: AddressCounts, useValue: counts },
    ];
    return { module: ApiConfigModule, global: true, providers, exports: [API_CONFIG, AddressCounts] };
  }
}
