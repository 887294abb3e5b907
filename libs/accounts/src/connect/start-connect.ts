import { Injectable } from '@nestjs/common';
import { digest, Keyring, mintState } from '#crypto';
import type { Secret } from '#observability';
import { type Completion, createAttempt, Database, newId, type OAuthApp, type Tenant, transaction } from '#persistence';
import { authorizeUrl, newVerifier, type Provider, reach } from '#providers';
import { Vault } from '#tokens';
import { invalidField, returnUrlNotAllowed, unknownProject, userRefMissing } from '../accounts.errors.js';
import { Addresses } from '../addresses.js';
import { knownProvider } from '../policies/known-provider.js';
import { redirectUri } from '../policies/redirect-uri.js';
import { allowReturnHost, allowReturnUrl } from '../policies/return-url.js';
import { readScopes } from '../policies/scopes.js';
import { AttemptTarget } from './attempt-target.js';

export interface StartConnectInput {
  tenant: Tenant;
  /** The workspace of the app; default: `tenant`. Accounts of the pool are connected at the app of an operator. */
  appOwner?: Tenant;
  /** The credential that starts it; only this one may read the attempt. */
  createdBy: string;
  provider: string;
  oauthAppId?: string;
  returnUrl?: string;
  projectId?: string;
  scopes?: string[];
  userRef?: string;
  /** Where one consent opens several accounts: `manual` waits for a selection, otherwise all become accounts. */
  selection?: 'all' | 'manual';
  /** The account that is reauthorized: no other one is added or renewed. */
  reauthAccountId?: string;
  /** Through the projects surface: the hosts that this caller may return to. They replace the list of the app. */
  returnHosts?: readonly string[];
  usageNote?: string;
}

export interface StartedAttempt {
  authorizeUrl: string;
  state: string;
  expiresAt: Date;
}

/** What the flow decides before the attempt is stored. */
interface PreparedAttempt {
  id: string;
  app: OAuthApp;
  projectId: string;
  returnUrl: string | null;
  redirectUri: string;
  scopes: string[];
  completion: Completion;
  state: Secret;
}

/** Starts the flow: stores an attempt under the hash of its state and returns the URL for the browser. */
@Injectable()
export class StartConnect {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly vault: Vault,
    private readonly target: AttemptTarget,
    private readonly addresses: Addresses,
  ) {}

  /** Checks what `execute` would be given, and stores nothing. */
  async check(input: StartConnectInput): Promise<void> {
    await this.prepare(input, knownProvider(input.provider, input.tenant.environment));
  }

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

  private async prepare(input: StartConnectInput, provider: Provider): Promise<PreparedAttempt> {
    const projectId = await this.target.project(input.tenant, input.projectId);
    const app = await this.target.app(input.appOwner ?? input.tenant, provider.name, input.oauthAppId);
    const scopes = input.scopes ? readScopes(input.scopes) : app.scopes;
    const completion = completionOf(input, app);
    return {
      id: newId(),
      app,
      projectId,
      returnUrl: checkReturnUrl(input, app),
      redirectUri: redirectUri(
        this.addresses.publicUrl,
        provider.name,
        app.redirectUriStyle === 'app' ? app.id : undefined,
      ),
      scopes,
      completion,
      state: mintState(this.keyring),
    };
  }

  private store(input: StartConnectInput, attempt: PreparedAttempt, verifier: Secret): Promise<Date> {
    const { tenant } = input;
    return transaction(this.database.pool, async (tx) => {
      const expiresAt = await createAttempt(tx, {
        ...tenant,
        id: attempt.id,
        projectId: attempt.projectId,
        provider: attempt.app.provider,
        oauthAppId: attempt.app.id,
        stateHash: digest(attempt.state.reveal()),
        createdBy: input.createdBy,
        redirectUri: attempt.redirectUri,
        returnUrl: attempt.returnUrl,
        userRef: input.userRef ?? null,
        scopes: attempt.scopes,
        selection: input.selection ?? 'all',
        completion: attempt.completion,
        reauthAccountId: input.reauthAccountId ?? null,
        surface: input.returnHosts === undefined ? 'accounts' : 'projects',
        usageNote: input.usageNote ?? null,
      });
      if (expiresAt === undefined) throw unknownProject();
      await this.vault.sealVerifier(tx, { ...tenant, id: attempt.id }, verifier);
      return expiresAt;
    });
  }
}

/**
 * The pool is filled by an operator, without a backend that could confirm. A reauthorization is not confirmed: at an app with "confirm" it succeeds for the account's own person alone. A confirmation
 * needs a page of the caller, because only the return URL brings the browser's token to the caller's backend.
 */
function completionOf(input: StartConnectInput, app: OAuthApp): Completion {
  const { userRef, reauthAccountId, returnUrl, returnHosts, appOwner } = input;
  if (app.completion === 'immediate' || reauthAccountId !== undefined || appOwner) return 'immediate';
  // The projects surface has no user_ref: there the connect_token alone proves which browser has returned.
  if (userRef === undefined && returnHosts === undefined) throw userRefMissing();
  if (returnUrl === undefined) throw invalidField('return_url', 'is needed: the OAuth app has completion "confirm"');
  return 'confirm';
}

function checkReturnUrl({ returnUrl, returnHosts }: StartConnectInput, app: OAuthApp): string | null {
  if (returnUrl === undefined) return null;
  const allowed = returnHosts
    ? allowReturnHost(returnUrl, returnHosts)
    : allowReturnUrl(returnUrl, app.allowedReturnUrls, app.environment);
  if ('refusal' in allowed) throw returnUrlNotAllowed(allowed.refusal);
  return allowed.href;
}
