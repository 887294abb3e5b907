import { Injectable } from '@nestjs/common';
import { digest, Keyring, mintState } from '#crypto';
import type { Secret } from '#observability';
import { Database, newId, type OAuthApp, type Tenant, transaction } from '#persistence';
import { authorizeUrl, newVerifier, type Provider, reach } from '#providers';
import { Vault } from '#tokens';
import { returnUrlNotAllowed } from '../accounts.errors.js';
import { Addresses } from '../addresses.js';
import { knownProvider } from '../policies/known-provider.js';
import { redirectUri } from '../policies/redirect-uri.js';
import { allowReturnUrl } from '../policies/return-url.js';
import { readScopes } from '../policies/scopes.js';
import { AttemptTarget } from './attempt-target.js';

export interface StartConnectInput {
  tenant: Tenant;
  /** The credential that starts it; only this one may read the attempt. */
  createdBy: string;
  provider: string;
  oauthAppId?: string;
  returnUrl?: string;
  projectId?: string;
  scopes?: string[];
  userRef?: string;
  /** Where one consent opens several accounts: `manual` waits for a choice, else all become accounts. */
  selection?: 'all' | 'manual';
  /** The account that is reauthorized: only its own person may come back. */
  reauthAccountId?: string;
}

export interface StartedAttempt {
  authorizeUrl: string;
  state: string;
  expiresAt: Date;
}

/** What an attempt needs before it is stored. */
interface NewAttempt {
  id: string;
  app: OAuthApp;
  projectId: string;
  returnUrl: string | null;
  redirectUri: string;
  scopes: string[];
  state: Secret;
}

const INSERT = `
  insert into connect_attempts (id, workspace_id, environment, project_id, provider, oauth_app_id, state_hash, created_by,
    redirect_uri, return_url, user_ref, scopes, selection, reauth_account_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning expires_at as "expiresAt"`;

/** The start of the flow: stores an attempt under the hash of its state and says where to send the person's browser. */
@Injectable()
export class StartConnect {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly vault: Vault,
    private readonly target: AttemptTarget,
    private readonly addresses: Addresses,
  ) {}

  async execute(input: StartConnectInput): Promise<StartedAttempt> {
    const provider = knownProvider(input.provider, input.tenant.environment);
    const attempt = await this.prepare(input, provider);
    const verifier = newVerifier();
    const expiresAt = await this.store(input, attempt, verifier);
    const { app, scopes, state } = attempt;
    const url = authorizeUrl(provider, {
      clientId: app.clientId,
      redirectUri: attempt.redirectUri,
      scopes,
      state,
      verifier,
    });
    return {
      authorizeUrl: reach(url, input.tenant.environment, this.addresses.sandboxUrl),
      state: state.reveal(),
      expiresAt,
    };
  }

  private async prepare(input: StartConnectInput, provider: Provider): Promise<NewAttempt> {
    const app = await this.target.app(input.tenant, provider.name, input.oauthAppId);
    const scopes = input.scopes ? readScopes(input.scopes) : app.scopes;
    return {
      id: newId(),
      app,
      projectId: await this.target.project(input.tenant, input.projectId),
      returnUrl: checkReturnUrl(input.returnUrl, app),
      redirectUri: redirectUri(
        this.addresses.publicUrl,
        provider.name,
        app.redirectUriStyle === 'app' ? app.id : undefined,
      ),
      scopes,
      state: mintState(this.keyring),
    };
  }

  private store(input: StartConnectInput, attempt: NewAttempt, verifier: Secret): Promise<Date> {
    const { tenant } = input;
    return transaction(this.database.pool, async (tx) => {
      const { rows } = await tx.query<{ expiresAt: Date }>(INSERT, [
        ...[
          attempt.id,
          tenant.workspaceId,
          tenant.environment,
          attempt.projectId,
          attempt.app.provider,
          attempt.app.id,
        ],
        ...[digest(attempt.state.reveal()), input.createdBy, attempt.redirectUri, attempt.returnUrl, input.userRef],
        ...[attempt.scopes, input.selection ?? 'all', input.reauthAccountId],
      ]);
      await this.vault.sealVerifier(tx, { ...tenant, id: attempt.id }, verifier);
      return rows[0]?.expiresAt ?? new Date(NaN);
    });
  }
}

function checkReturnUrl(text: string | undefined, app: OAuthApp): string | null {
  if (text === undefined) return null;
  const allowed = allowReturnUrl(text, app.allowedReturnUrls, app.environment);
  if ('refusal' in allowed) throw returnUrlNotAllowed(allowed.refusal);
  return allowed.href;
}
