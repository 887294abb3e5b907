import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import {
  AccountsModule,
  API_KEY_PREFIX,
  API_SCOPES,
  CreateApiKey,
  CreateOAuthApp,
  EnsureWorkspace,
  exchangerAt,
  FindApiKey,
  ListOAuthApps,
} from '#accounts';
import type { SeedConfig } from '#config';
import type { Logger, Secret } from '#observability';
import type { Tenant } from '#persistence';
import { SandboxApps } from './sandbox-apps.js';

const WORKSPACE = 'default';

/** Makes the first connect one call: a workspace, a test key with every scope, and an app at each imitated platform. */
@Injectable()
export class SeedDevelopment {
  constructor(
    private readonly workspaces: EnsureWorkspace,
    private readonly findKey: FindApiKey,
    private readonly createKey: CreateApiKey,
    private readonly apps: SandboxApps,
  ) {}

  /** Changes nothing that exists already; `known` is the key of an earlier start, and is kept while it is valid. */
  async execute(known: Secret | undefined): Promise<{ workspace: string; testApiKey: Secret }> {
    const tenant: Tenant = { workspaceId: await this.workspaces.execute(WORKSPACE), environment: 'test' };
    const testApiKey = known && (await this.#isValid(tenant, known)) ? known : await this.#newKey(tenant);
    await this.apps.ensure(tenant);
    return { workspace: WORKSPACE, testApiKey };
  }

  async #isValid(tenant: Tenant, key: Secret): Promise<boolean> {
    const found = await this.findKey.execute(key.reveal());
    if (found?.tenant.workspaceId !== tenant.workspaceId || found.tenant.environment !== tenant.environment)
      return false;
    return API_SCOPES.every((scope) => found.scopes.includes(scope));
  }

  async #newKey(tenant: Tenant): Promise<Secret> {
    const caller = { tenant, kind: 'operator' as const, scopes: API_SCOPES };
    const scopes = [...API_SCOPES];
    const { key } = await this.createKey.execute({ caller, name: 'Development', scopes, returnHosts: [] });
    return key;
  }
}

/** The use cases that the seed needs. */
@Module({})
export class SeedModule {
  static forRoot(config: SeedConfig, logger: Logger): DynamicModule {
    const exchanger = exchangerAt(config.exchangerSocket);
    const accounts = AccountsModule.forRoot({ config, logger, name: 'seed', exchanger });
    const sandboxApps = {
      provide: SandboxApps,
      inject: [ListOAuthApps, CreateOAuthApp],
      useFactory: (list: ListOAuthApps, create: CreateOAuthApp) => new SandboxApps(list, create, config, logger),
    };
    const keyPrefix = { provide: API_KEY_PREFIX, useValue: config.callers.apiKeyPrefix };
    return {
      module: SeedModule,
      imports: [accounts],
      providers: [keyPrefix, CreateApiKey, sandboxApps, SeedDevelopment],
    };
  }
}
