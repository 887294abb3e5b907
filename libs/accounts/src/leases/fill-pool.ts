import { Inject, Injectable } from '@nestjs/common';
import { digest } from '#crypto';
import { type Tenant, transaction, type Tx } from '#persistence';
import type { TokenContext } from '#tokens';
import { CreateAccount } from '../accounts/create-account.js';
import type { CreateAccountInput } from '../accounts/supplied-account.js';
import { StartConnect } from '../connect/start-connect.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { EnsureWorkspace } from '../workspaces/ensure-workspace.js';
import { knownProvider } from '../policies/known-provider.js';
import { type PoolAccountRecord, readPoolAccount } from './pool-accounts.js';
import { addToPool, followPoolAccount } from './store-pool-account.js';

interface ConnectInput {
  /** The owner of the app. */
  operator: Tenant;
  createdBy: string;
  provider: string;
  oauthAppId?: string | undefined;
}

interface SuppliedInput extends Pick<CreateAccountInput, 'provider' | 'platformAccountId' | 'credentials' | 'verify'> {
  operator: Tenant;
  handle?: string | undefined;
  oauthAppId?: string | undefined;
  /** Runs in the transaction that stores the account. */
  alongside?: (tx: Tx, added: AddedPoolAccount) => Promise<void>;
}

export interface AddedPoolAccount {
  account: PoolAccountRecord;
  /** False: the profile was in the pool already, and got these tokens. */
  isNew: boolean;
}

export interface StartedPoolAccount {
  account: PoolAccountRecord;
  authorizeUrl: string;
  expiresAt: Date;
}

const STORED_ATTEMPT = 'select id from connect_attempts where state_hash = $1';

/**
 * Connects accounts in the reserved workspace, which are in the pool then. Their app stays in the workspace of the operator: a
 * new secret, a refusal by the platform and its deletion concern the pool like the operator's own accounts.
 */
@Injectable()
export class FillPool {
  constructor(
    private readonly workspaces: EnsureWorkspace,
    private readonly startConnect: StartConnect,
    private readonly createAccount: CreateAccount,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Starts the ordinary flow, which ends on a page of this service. Throws oauth_app.missing. */
  async connect({ operator, createdBy, provider, oauthAppId }: ConnectInput): Promise<StartedPoolAccount> {
    knownProvider(provider, operator.environment);
    const pool = await this.tenantOf(operator);
    const attempt = { tenant: pool, appOwner: operator, createdBy, provider };
    const started = await this.startConnect.execute({ ...attempt, ...(oauthAppId !== undefined && { oauthAppId }) });
    const { rows } = await this.context.pool.query<{ id: string }>(STORED_ATTEMPT, [digest(started.state)]);
    const { id } = await transaction(this.context.pool, (tx) =>
      addToPool(tx, { ...pool, provider, accountId: null, attemptId: rows[0]?.id ?? null }),
    );
    const account = await readPoolAccount(this.context.pool, pool.environment, id);
    return { account, authorizeUrl: started.authorizeUrl, expiresAt: started.expiresAt };
  }

  /** Adds a profile with tokens that the operator has. One that is in the pool gets these tokens. Throws what CreateAccount throws. */
  async add(input: SuppliedInput): Promise<AddedPoolAccount> {
    const { operator, oauthAppId, provider, alongside, ...supplied } = input;
    const pool = await this.tenantOf(operator);
    let added: AddedPoolAccount | undefined;
    await this.createAccount.execute({
      ...{ ...supplied, tenant: pool, appOwner: operator, provider, oauthAppId },
      alongside: async (tx, { account }) => {
        const { id, isNew } = await addToPool(tx, { ...pool, provider, accountId: account.id, attemptId: null });
        await followPoolAccount(this.context, tx, account.id);
        added = { account: await readPoolAccount(tx, pool.environment, id), isNew };
        await alongside?.(tx, added);
      },
    });
    if (!added) throw new Error('an account of the pool was not stored');
    return added;
  }

  /** The reserved workspace, in the environment of an operator. */
  private async tenantOf({ environment }: Tenant): Promise<Tenant> {
    return { workspaceId: await this.workspaces.executeReserved(), environment };
  }
}
