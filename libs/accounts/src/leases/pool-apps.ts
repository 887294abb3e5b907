import { Inject, Injectable } from '@nestjs/common';
import type { Secret } from '#observability';
import type { Tenant } from '#persistence';
import type { TokenContext } from '#tokens';
import { AttemptTarget } from '../connect/attempt-target.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { CreateOAuthApp } from '../oauth-apps/create-oauth-app.js';
import { UpdateOAuthApp } from '../oauth-apps/update-oauth-app.js';
import { EnsureWorkspace } from '../workspaces/ensure-workspace.js';

interface TwinInput {
  /** Of the operator. */
  operator: Tenant;
  pool: Tenant;
  provider: string;
  /** Default: the default app of the operator's workspace. */
  oauthAppId?: string | undefined;
}

const TWIN = `
  select id from oauth_apps where workspace_id = $1 and environment = $2 and provider = $3 and client_id = $4`;

/**
 * The reserved workspace has no credentials, so no app can be registered in it: the operator's own app is copied there, with
 * its present secret, each time the pool is filled through it.
 */
@Injectable()
export class PoolApps {
  constructor(
    private readonly workspaces: EnsureWorkspace,
    private readonly target: AttemptTarget,
    private readonly createApp: CreateOAuthApp,
    private readonly updateApp: UpdateOAuthApp,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** The reserved workspace, in the environment of an operator. */
  async tenantOf({ environment }: Tenant): Promise<Tenant> {
    return { workspaceId: await this.workspaces.executeReserved(), environment };
  }

  /** Returns the id of the copy. Throws oauth_app.missing and oauth_app.not_found. */
  async twinOf({ operator, pool, provider, oauthAppId }: TwinInput): Promise<string> {
    const app = await this.target.app(operator, provider, oauthAppId);
    const secret = await this.secretOf(app);
    if (!secret) throw new Error('the client secret of an OAuth app is not stored');
    const values = [pool.workspaceId, pool.environment, provider, app.clientId];
    const [twin] = (await this.context.pool.query<{ id: string }>(TWIN, values)).rows;
    if (!twin) {
      const { name, clientId, scopes } = app;
      const created = await this.createApp.execute({
        ...{ tenant: pool, provider, name, clientId, clientSecret: secret, scopes },
      });
      return created.id;
    }
    const known = await this.secretOf({ ...pool, id: twin.id });
    if (known?.reveal() !== secret.reveal())
      await this.updateApp.execute({ tenant: pool, id: twin.id, clientSecret: secret });
    return twin.id;
  }

  private secretOf({ workspaceId, environment, id }: Tenant & { id: string }): Promise<Secret | null> {
    return this.context.vault.openClientSecret(this.context.pool, { workspaceId, environment, id });
  }
}
