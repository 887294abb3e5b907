import { Injectable } from '@nestjs/common';
import type { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { ApiKeyLookup } from '../api-keys/api-key-lookup.js';
import { CreateApiKey } from '../api-keys/create-api-key.js';
import { SCOPES } from '../http/scope.js';
import { EnsureWorkspace } from '../workspaces/ensure-workspace.js';
import { SandboxApps } from './sandbox-apps.js';

const WORKSPACE = 'default';

/** What makes a first connect one call: a workspace, a test key that may do everything, and an app at each imitated platform. */
@Injectable()
export class SeedDevelopment {
  constructor(
    private readonly workspaces: EnsureWorkspace,
    private readonly keys: ApiKeyLookup,
    private readonly createKey: CreateApiKey,
    private readonly apps: SandboxApps,
  ) {}

  /** Changes nothing that is there already; `known` is the key of an earlier start and is kept while it is good. */
  async execute(known: Secret | undefined): Promise<{ workspace: string; testApiKey: Secret }> {
    const tenant: Tenant = { workspaceId: await this.workspaces.execute(WORKSPACE), environment: 'test' };
    const testApiKey = known && (await this.#isGood(tenant, known)) ? known : await this.#newKey(tenant);
    await this.apps.ensure(tenant);
    return { workspace: WORKSPACE, testApiKey };
  }

  async #isGood(tenant: Tenant, key: Secret): Promise<boolean> {
    const caller = await this.keys.find(key.reveal());
    if (caller?.tenant.workspaceId !== tenant.workspaceId || caller.tenant.environment !== tenant.environment)
      return false;
    return SCOPES.every((scope) => caller.scopes.includes(scope));
  }

  async #newKey(tenant: Tenant): Promise<Secret> {
    const caller = { tenant, kind: 'jwt' as const, scopes: SCOPES };
    const { key } = await this.createKey.execute({ caller, name: 'Development', scopes: [...SCOPES], returnHosts: [] });
    return key;
  }
}
