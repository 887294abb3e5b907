import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Secret } from '#observability';
import {
  clearDefaultApp,
  createOAuthApp,
  Database,
  lockDefaultApp,
  newId,
  OAuthApp,
  type Tenant,
  type Tx,
  violates,
} from '#persistence';
import type { Provider } from '#providers';
import { Vault } from '#tokens';
import { invalidField, oauthAppExists, tooManyOAuthApps } from '../accounts.errors.js';
import { Addresses } from '../addresses.js';
import { OAUTH_APPS_LIMIT } from '../injection.js';
import { knownProvider } from '../policies/known-provider.js';
import { type AppFields, checkAppFields } from './app-fields.js';
import { type OAuthAppRecord, toOAuthAppRecord } from './oauth-app-record.js';

export interface CreateOAuthAppInput extends AppFields {
  tenant: Tenant;
  provider: string;
  name: string;
  clientId: string;
  clientSecret: Secret;
  /** Default: the scopes that identity, publishing and refresh need. */
  scopes?: string[];
  isDefault?: boolean;
  redirectUriStyle?: 'provider' | 'app';
  /** Runs in the transaction that stores the app. */
  alongside?: (tx: Tx, app: OAuthAppRecord) => Promise<void>;
}

/** Registers an app of the customer. The first app of a platform is its default; `isDefault` replaces it. */
@Injectable()
export class CreateOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly addresses: Addresses,
    @Inject(OAUTH_APPS_LIMIT) private readonly limit: number,
  ) {}

  /** Throws oauth_app.exists, oauth_app.limit_reached, scopes.invalid and validation.failed. */
  async execute(input: CreateOAuthAppInput): Promise<OAuthAppRecord> {
    const provider = knownProvider(input.provider, input.tenant.environment);
    const app = newApp(input, provider);
    try {
      return await this.database.dataSource.transaction((manager) => this.insert(manager, app, input));
    } catch (error) {
      throw violates(error, 'oauth_apps_one_a_client') ? oauthAppExists() : error;
    }
  }

  private async insert(manager: EntityManager, app: OAuthApp, input: CreateOAuthAppInput): Promise<OAuthAppRecord> {
    const tx = (await manager.queryRunner?.connect()) as Tx;
    await this.checkLimits(tx, manager, app);
    await lockDefaultApp(tx, app);
    app.isDefault = await becomesDefault(tx, manager, app, input.isDefault ?? false);
    await createOAuthApp(tx, app);
    await this.vault.sealClientSecret(tx, app, input.clientSecret);
    const record = toOAuthAppRecord(await manager.findOneByOrFail(OAuthApp, { id: app.id }), this.addresses.publicUrl);
    await input.alongside?.(tx, record);
    return record;
  }

  /** Of two concurrent creations, the second waits, counts the first one's app and finds its client id. */
  private async checkLimits(
    tx: Tx,
    manager: EntityManager,
    { workspaceId, environment, provider, clientId }: OAuthApp,
  ): Promise<void> {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `${workspaceId}/${environment}/oauth-apps`,
    ]);
    if (await manager.existsBy(OAuthApp, { workspaceId, environment, provider, clientId })) throw oauthAppExists();
    if ((await manager.countBy(OAuthApp, { workspaceId, environment })) >= this.limit)
      throw tooManyOAuthApps(this.limit);
  }
}

/** Client ids are compared with each other, so spaces and line ends from pasting are removed. */
function readClientId(given: string): string {
  const clientId = given.trim();
  if (clientId === '' || /\p{Cc}/u.test(clientId))
    throw invalidField('client_id', 'must be text without control characters');
  return clientId;
}

function newApp(input: CreateOAuthAppInput, provider: Provider): OAuthApp {
  const {
    allowedReturnUrls = [],
    scopes = [...provider.scopes.default],
    completion = 'immediate',
  } = checkAppFields(input);
  return Object.assign(new OAuthApp(), {
    id: newId(),
    ...input.tenant,
    provider: provider.name,
    name: input.name,
    clientId: readClientId(input.clientId),
    redirectUriStyle: input.redirectUriStyle ?? 'provider',
    scopes,
    allowedReturnUrls,
    completion,
  });
}

async function becomesDefault(
  tx: Tx,
  manager: EntityManager,
  { workspaceId, environment, provider }: OAuthApp,
  isRequested: boolean,
): Promise<boolean> {
  const current = { workspaceId, environment, provider, isDefault: true };
  if (!(await manager.existsBy(OAuthApp, current))) return true;
  if (isRequested) await clearDefaultApp(tx, { workspaceId, environment, provider });
  return isRequested;
}
