import { Inject, Injectable } from '@nestjs/common';
import { digest } from '#crypto';
import { type Tenant, transaction } from '#persistence';
import type { TokenContext } from '#tokens';
import { CreateAccount } from '../accounts/create-account.js';
import type { CreateAccountInput } from '../accounts/supplied-account.js';
import { StartConnect } from '../connect/start-connect.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { knownProvider } from '../policies/known-provider.js';
import { type PoolAccountRecord, PoolAccounts } from './pool-accounts.js';
import { addToPool, followPoolAccount } from './store-pool-account.js';
import { PoolApps } from './pool-apps.js';

interface ConnectInput {
  operator: Tenant;
  createdBy: string;
  provider: string;
  oauthAppId?: string | undefined;
}

interface SuppliedInput extends Pick<CreateAccountInput, 'provider' | 'platformAccountId' | 'credentials' | 'verify'> {
  operator: Tenant;
  handle?: string | undefined;
  oauthAppId?: string | undefined;
}

export interface StartedPoolAccount {
  account: PoolAccountRecord;
  authorizeUrl: string;
  expiresAt: Date;
}

const STORED_ATTEMPT = 'select id from connect_attempts where state_hash = $1';

/** Connects accounts in the reserved workspace, which are in the pool then. */
@Injectable()
export class FillPool {
  constructor(
    private readonly pool: PoolAccounts,
    private readonly apps: PoolApps,
    private readonly startConnect: StartConnect,
    private readonly createAccount: CreateAccount,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Starts the ordinary flow, which ends on a page of this service. Throws oauth_app.missing. */
  async connect({ operator, createdBy, provider, oauthAppId }: ConnectInput): Promise<StartedPoolAccount> {
    knownProvider(provider, operator.environment);
    const pool = await this.apps.tenantOf(operator);
    const twin = await this.apps.twinOf({ operator, pool, provider, oauthAppId });
    const started = await this.startConnect.execute({ tenant: pool, createdBy, provider, oauthAppId: twin });
    const { rows } = await this.context.pool.query<{ id: string }>(STORED_ATTEMPT, [digest(started.state)]);
    const { id } = await transaction(this.context.pool, (tx) =>
      addToPool(tx, { ...pool, provider, accountId: null, attemptId: rows[0]?.id ?? null }),
    );
    const account = await this.pool.get(operator.environment, id);
    return { account, authorizeUrl: started.authorizeUrl, expiresAt: started.expiresAt };
  }

  /** Adds a profile with tokens that the operator has. One that is in the pool gets these tokens. Throws what CreateAccount throws. */
  async add(input: SuppliedInput): Promise<{ account: PoolAccountRecord; isNew: boolean }> {
    const { operator, oauthAppId, provider, ...supplied } = input;
    const pool = await this.apps.tenantOf(operator);
    const twin =
      oauthAppId === undefined ? undefined : await this.apps.twinOf({ operator, pool, provider, oauthAppId });
    let added = { id: '', isNew: true };
    await this.createAccount.execute({
      ...{ ...supplied, tenant: pool, provider, oauthAppId: twin },
      alongside: async (tx, { account }) => {
        added = await addToPool(tx, { ...pool, provider, accountId: account.id, attemptId: null });
        await followPoolAccount(this.context, tx, account.id);
      },
    });
    return { account: await this.pool.get(operator.environment, added.id), isNew: added.isNew };
  }
}
