import { type DynamicModule, Module } from '@nestjs/common';
import type { ApiConfig } from '#config';
import { API_CONFIG } from './api-config.js';

/** Gives the configuration to all who ask for it. */
@Module({})
export class ApiConfigModule {
  static forRoot(config: ApiConfig): DynamicModule {
    const providers = [{ provide: API_CONFIG, useValue: config }];
    return { module: ApiConfigModule, global: true, providers, exports: [API_CONFIG] };
  }
}
