import { Inject, Injectable } from '@nestjs/common';
import { SealBroken } from '#crypto';
import { LOGGER, type Logger } from '#observability';
import { Database, type Tenant } from '#persistence';
import { type AppCredentials, findProvider, type PushAddressee, type PushingProvider, pushesIn } from '#providers';
import type { TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';

/** An app that a call may be for, opened to see whether its secret signed it. */
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

/** The secrets that one call may have opened, however many tenants have an app with the client id that it names. */
const MOST = 10;

const COLUMNS = 'id, workspace_id as "workspaceId", environment, provider, client_id as "clientId"';
const BY_ID = `select ${COLUMNS} from oauth_apps where id = $1`;

/**
 * A client id is public, so any tenant can have an app with it. The apps through which the person is connected, or about to
 * be, come first, then those through which any person is: without the right secret an app never has such a row, so no number
 * of other apps can displace it.
 */
const BY_CLIENT = `
  select ${COLUMNS} from oauth_apps app
  where provider = $1 and client_id = $2
  order by
    exists (select from grants where workspace_id = app.workspace_id and environment = app.environment
      and oauth_app_id = app.id and platform_user_id = $3)
    or exists (select from connect_attempts where oauth_app_id = app.id and platform_user_id = $3) desc,
    exists (select from grants where oauth_app_id = app.id) desc, environment, created_at desc
  limit ${MOST}`;

/** Finds the apps that a plausible call may be for. Only the signature tells whether it is. */
@Injectable()
export class PushApps {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The app of our URL; undefined where there is none, or its platform does not call at URLs of this family. */
  async byId(family: string, oauthAppId: string): Promise<PushApp | undefined> {
    const [row] = (await this.database.pool.query<AppRow>(BY_ID, [oauthAppId])).rows;
    const provider = findProvider(row?.provider ?? '');
    return row && pushesIn(provider, family) && !provider.push.addresseeIn ? this.open(row, provider) : undefined;
  }

  /** Several where tenants share one app of the platform's, none where no tenant has it; at most ten. */
  async named(provider: PushingProvider, { clientId, platformUserId }: PushAddressee): Promise<PushApp[]> {
    const { rows } = await this.database.pool.query<AppRow>(BY_CLIENT, [provider.name, clientId, platformUserId]);
    const opened = [];
    // One after the other, so that a call holds one connection of the pool at a time.
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
      if (!(error instanceof SealBroken)) throw error;
      this.logger.warn({ oauthAppId: id }, 'a push cannot be verified for an app: its secret does not open');
      return undefined;
    }
  }
}
