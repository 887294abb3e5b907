import { Injectable } from '@nestjs/common';
import { Database, OAuthApp, type Tenant } from '#persistence';
import { accountLeased, accountNotFound } from '../accounts.errors.js';
import { StartConnect, type StartConnectInput, type StartedAttempt } from './start-connect.js';

export interface StartReauthInput {
  tenant: Tenant;
  createdBy: string;
  id: string;
  returnUrl?: string;
  scopes?: string[];
  /** Where the account must be in this project. */
  projectId?: string;
  /** As for a start through the projects surface. */
  returnHosts?: readonly string[];
}

interface AccountRow {
  provider: string;
  projectId: string;
  oauthAppId: string | null;
  connectionType: string;
  userRef: string | null;
}

const READ = `
  select provider, project_id as "projectId", oauth_app_id as "oauthAppId", connection_type as "connectionType",
    metadata ->> 'user_ref' as "userRef"
  from accounts where workspace_id = $1 and environment = $2 and id = $3 and health <> 'disconnected'
    and project_id = coalesce($4, project_id)`;

/** Starts the flow for an existing account: the new tokens belong to the same id, and no other account is added. */
@Injectable()
export class StartReauth {
  constructor(
    private readonly database: Database,
    private readonly startConnect: StartConnect,
  ) {}

  /** Throws account.not_found, account.leased, and what StartConnect throws. */
  async execute(input: StartReauthInput): Promise<StartedAttempt> {
    return this.startConnect.execute(await this.read(input));
  }

  /** Throws what `execute` would throw, and stores nothing. */
  async check(input: StartReauthInput): Promise<void> {
    await this.startConnect.check(await this.read(input));
  }

  private async read({ id, projectId: project, ...input }: StartReauthInput): Promise<StartConnectInput> {
    const { workspaceId, environment } = input.tenant;
    const { rows } = await this.database.pool.query<AccountRow>(READ, [workspaceId, environment, id, project ?? null]);
    const [account] = rows;
    if (!account) throw accountNotFound();
    if (account.connectionType === 'leased') throw accountLeased();
    const { provider, projectId, userRef } = account;
    const oauthAppId = await this.existingApp(account.oauthAppId);
    return {
      ...input,
      provider,
      projectId,
      oauthAppId,
      userRef: userRef ?? undefined,
      reauthAccountId: id,
    };
  }

  /** An account whose app was deleted uses the platform's default app. */
  private async existingApp(id: string | null): Promise<string | undefined> {
    const there = id !== null && (await this.database.dataSource.getRepository(OAuthApp).existsBy({ id }));
    return there ? id : undefined;
  }
}
