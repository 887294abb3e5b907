import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Secret } from '#observability';
import { Database, newId, OAuthApp, type Tenant, type Tx } from '#persistence';
import type { Provider } from '#providers';
import { Vault } from '#tokens';
import { Addresses } from '../addresses.js';
import { knownProvider } from '../policies/known-provider.js';
import { type AppFields, checkAppFields } from './app-fields.js';
import { lockDefault } from './default-app.js';
import { type OAuthAppRecord, toOAuthAppRecord } from './oauth-app-record.js';

export interface CreateOAuthAppInput extends AppFields {
  tenant: Tenant;
  provider: string;
  name: string;
  clientId: string;
  clientSecret: Secret;
  /** Default: what the platform needs to identify, publish and refresh. */
  scopes?: string[];
  isDefault?: boolean;
  redirectUriStyle?: 'provider' | 'app';
  /** What else belongs into the transaction that stores the app. */
  alongside?: (tx: Tx, app: OAuthAppRecord) => Promise<void>;
}

/** Registers the customer's own app. The first one of a platform is its default; `isDefault` moves that. */
@Injectable()
export class CreateOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly addresses: Addresses,
  ) {}

  async execute(input: CreateOAuthAppInput): Promise<OAuthAppRecord> {
    const provider = knownProvider(input.provider, input.tenant.environment);
    const app = newApp(input, provider);
    return this.database.dataSource.transaction(async (manager) => {
      const tx = (await manager.queryRunner?.connect()) as Tx;
      await lockDefault(tx, app);
      app.isDefault = await becomesDefault(manager, app, input.isDefault ?? false);
      await manager.insert(OAuthApp, app);
      await this.vault.sealClientSecret(tx, app, input.clientSecret);
      const record = toOAuthAppRecord(await manager.findOneByOrFail(OAuthApp, { id: app.id }), this.addresses.publicUrl);
      await input.alongside?.(tx, record);
      return record;
    });
  }
}

function newApp(input: CreateOAuthAppInput, provider: Provider): OAuthApp {
  const { allowedReturnUrls = [], scopes = [...provider.scopes.default] } = checkAppFields(input);
  return Object.assign(new OAuthApp(), {
    id: newId(),
    ...input.tenant,
    provider: provider.name,
    name: input.name,
    clientId: input.clientId,
    redirectUriStyle: input.redirectUriStyle ?? 'provider',
    scopes,
    allowedReturnUrls,
    completion: 'immediate' as const,
  });
}

async function becomesDefault(manager: EntityManager, { workspaceId, environment, provider }: OAuthApp, wanted: boolean): Promise<boolean> {
  const current = { workspaceId, environment, provider, isDefault: true };
  if (!(await manager.existsBy(OAuthApp, current))) return true;
  if (wanted) await manager.update(OAuthApp, current, { isDefault: false });
  return wanted;
}
