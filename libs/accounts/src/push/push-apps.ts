import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tenant } from '#persistence';
import { type AppCredentials, findProvider, type PushAddressee, type PushingProvider, pushesIn } from '#providers';
import { reportBrokenSeal, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { RESERVED_WORKSPACE } from '../workspaces/ensure-workspace.js';

/** An app that a call may concern, with the secret that verifies its signature. */
export interface PushApp {
  id: string;
  tenant: Tenant;
  provider: PushingProvider;
  credentials: AppCredentials;
}

interface AppRow extends Tenant {
  id: string;
  provider: string;
  clientId: string;
}

/** Limits the secrets that one call opens, however many tenants have an app with its client id. */
const MAX_CANDIDATES = 10;

const COLUMNS = 'id, workspace_id as "workspaceId", environment, provider, client_id as "clientId"';
const BY_ID = `select ${COLUMNS} from oauth_apps where id = $1`;

/**
 * A client id is public, so any tenant can register an app with it. The apps with a grant or an attempt of the person come
 * first, then those with any grant: an app without the right secret never has one, so other apps cannot displace it. Grants of
 * the pool are in the reserved workspace.
 */
const BY_CLIENT = `
  select ${COLUMNS} from oauth_apps app
  where provider = $1 and client_id = $2
  order by
    exists (select from grants where workspace_id = any(array[app.workspace_id, (select id from workspaces where name = $4)])
      and environment = app.environment and oauth_app_id = app.id and (platform_user_id = $3 or manual_user_id = $3))
    or exists (select from connect_attempts where oauth_app_id = app.id and platform_user_id = $3) desc,
    exists (select from grants where oauth_app_id = app.id) desc, environment, created_at desc
  limit ${MAX_CANDIDATES}`;

/** Finds the apps that a plausible call may concern. The signature decides which of them it does. */
@Injectable()
export class PushApps {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** The app that a URL names; undefined where it does not exist, or its platform does not call URLs of this family. */
  async byId(family: string, oauthAppId: string): Promise<PushApp | undefined> {
    const [row] = (await this.database.pool.query<AppRow>(BY_ID, [oauthAppId])).rows;
    const provider = findProvider(row?.provider ?? '');
    return row && pushesIn(provider, family) && !provider.push.addresseeIn ? this.open(row, provider) : undefined;
  }

  /** At most ten apps: several where tenants share one app of the platform. */
  async named(provider: PushingProvider, { clientId, platformUserId }: PushAddressee): Promise<PushApp[]> {
    const { rows } = await this.database.pool.query<AppRow>(BY_CLIENT, [
      ...[provider.name, clientId, platformUserId, RESERVED_WORKSPACE],
    ]);
    const opened = [];
    // In sequence, so that a call holds one connection of the pool at a time.
    for (const row of rows) opened.push(await this.open(row, provider));
    return opened.filter((app) => app !== undefined);
  }

  private async open(
    { id, clientId, workspaceId, environment }: AppRow,
    provider: PushingProvider,
  ): Promise<PushApp | undefined> {
    const tenant: Tenant = { workspaceId, environment };
    try {
      const clientSecret = await this.context.vault.openClientSecret(this.database.pool, { id, ...tenant });
      return clientSecret ? { id, tenant, provider, credentials: { clientId, clientSecret } } : undefined;
    } catch (error) {
      await reportBrokenSeal(this.context, error);
      return undefined;
    }
  }
}
