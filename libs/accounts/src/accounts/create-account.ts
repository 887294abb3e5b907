import { Inject, Injectable } from '@nestjs/common';
import {
  type Acceptance,
  Database,
  newId,
  recordEvent,
  storeConnectedAccount,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import type { Provider } from '#providers';
import {
  applyHealth,
  databaseTime,
  retireGrant,
  supplyGrant,
  syncProfiles,
  type TokenContext,
  type TokenVerification,
  verifyToken,
} from '#tokens';
import {
  accountLeased,
  credentialsRejected,
  invalidField,
  profileMismatch,
  providerUnavailable,
} from '../accounts.errors.js';
import { AttemptTarget } from '../connect/attempt-target.js';
import { RetireUnusedGrants } from '../connect/retire-unused-grants.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { knownProvider } from '../policies/known-provider.js';
import { readScopes } from '../policies/scopes.js';
import { holdProject } from '../projects/projects.js';
import { RevokeLater } from '../revoke-later.js';
import type { AccountRecord } from './account-record.js';
import { readAccount } from './get-account.js';
import { checkCredentials, hasEnded, type SuppliedCredentials } from './supplied-credentials.js';

export interface CreateAccountInput {
  tenant: Tenant;
  provider: string;
  platformAccountId: string;
  handle?: string;
  credentials: SuppliedCredentials;
  projectId?: string;
  /** The app that issued the tokens, and can refresh them. */
  oauthAppId?: string;
  metadata?: Record<string, string>;
  /** Default: the platform is asked whose the token is. */
  verify?: boolean;
  /** Runs in the transaction that stores the account. */
  alongside?: (tx: Tx, created: CreatedAccount) => Promise<void>;
}

export interface CreatedAccount {
  account: AccountRecord;
  /** False: the profile was connected already, and got these tokens. */
  isNew: boolean;
}

type Verified = Extract<TokenVerification, { kind: 'verified' }>;

/** What is known of the credentials before they are stored. */
interface Checked {
  input: CreateAccountInput;
  provider: Provider;
  projectId: string;
  oauthAppId: string | null;
  /** Null: not known. */
  scopes: string[] | null;
  /** Undefined: the platform has not said whose the token is. */
  verified: Verified | undefined;
  acceptance: Acceptance;
  isUnanswered?: true;
}

const RETRY_SECONDS = 30;
const ACCEPTED: Acceptance = { isAccepted: true, unverifiedReason: null };
const unverified = (reason: string | null): Pick<Checked, 'verified' | 'acceptance'> => ({
  verified: undefined,
  acceptance: { isAccepted: false, unverifiedReason: reason },
});

const CURRENT = `
  select grant_id as "grantId", connection_type as "connectionType" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected'`;

const MAX_METADATA_KEYS = 50;
/** Without an accepted token the first regular probe would be hours away. */
const FIRST_PROBE_SECONDS = 5;

/** Connects a profile with tokens that the client brings. A connected profile keeps its account and gets the tokens. */
@Injectable()
export class CreateAccount {
  constructor(
    private readonly database: Database,
    private readonly target: AttemptTarget,
    private readonly revokeLater: RevokeLater,
    private readonly retireUnusedGrants: RetireUnusedGrants,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws credentials.rejected, credentials.mismatch, project.not_found, oauth_app.not_found, account.leased and
   * validation.failed, and provider.unavailable where the platform does not confirm tokens that would replace others. */
  async execute(input: CreateAccountInput): Promise<CreatedAccount> {
    const provider = knownProvider(input.provider, input.tenant.environment);
    const checked = await this.check(input, provider);
    const { created, revocation, leftGrantId } = await transaction(this.database.pool, async (tx) => {
      await holdProject(tx, input.tenant, checked.projectId);
      const stored = await this.store(tx, checked);
      await input.alongside?.(tx, stored.created);
      return stored;
    });
    this.revokeLater.execute(revocation);
    if (leftGrantId !== undefined) await this.retireUnusedGrants.execute([leftGrantId]);
    return created;
  }

  private async check(input: CreateAccountInput, provider: Provider): Promise<Checked> {
    const { tenant, credentials, platformAccountId, oauthAppId } = input;
    const projectId = await this.target.project(tenant, input.projectId);
    if (oauthAppId !== undefined) await this.target.suppliedApp(tenant, provider.name, oauthAppId);
    const now = new Date(await databaseTime(this.database.pool));
    const claim = { credentials, platformAccountId, oauthAppId, now };
    checkCredentials(provider, claim);
    const scopes = credentials.scopes ? readScopes(credentials.scopes, 'credentials.scopes') : null;
    const known = { input, provider, projectId, oauthAppId: oauthAppId ?? null, scopes };
    if (hasEnded(claim)) return { ...known, ...unverified('unverified') };
    return input.verify === false ? { ...known, ...unverified(null) } : this.verify(known);
  }

  private async verify(known: Omit<Checked, 'verified' | 'acceptance'>): Promise<Checked> {
    const { input, provider, scopes } = known;
    const verification = await verifyToken(this.context, {
      provider: provider.name,
      environment: input.tenant.environment,
      accessToken: input.credentials.accessToken,
      scopes: scopes ?? [],
      platformAccountId: input.platformAccountId,
    });
    if (verification.kind === 'mismatch') throw profileMismatch();
    if (verification.kind === 'rejected') throw credentialsRejected(verification.failure.code);
    if (verification.kind === 'unanswered')
      return { ...known, ...unverified(verification.failure.reason), isUnanswered: true };
    const granted = scopes ?? verification.scopes ?? null;
    return { ...known, scopes: granted, verified: verification, acceptance: ACCEPTED };
  }

  private async store(
    tx: Tx,
    checked: Checked,
  ): Promise<{ created: CreatedAccount; revocation: string | undefined; leftGrantId: string | undefined }> {
    const current = await readCurrent(tx, checked);
    const grantId = await this.storeGrant(tx, checked, current?.grantId ?? null);
    const account = await storeAccount(tx, checked, grantId);
    await this.storeProfileToken(tx, checked, { accountId: account.id, grantId });
    await applyHealth(tx, grantId);
    const record = await readAccount(tx, { tenant: checked.input.tenant, id: account.id });
    if (Object.keys(record.metadata).length > MAX_METADATA_KEYS)
      throw invalidField(
        'metadata',
        `must have at most ${MAX_METADATA_KEYS} keys, with those of the connected account`,
      );
    const created = { account: record, isNew: account.previousGrantId === undefined };
    const left = account.previousGrantId === grantId ? undefined : account.previousGrantId;
    if (left === undefined || left !== current?.grantId) return { created, revocation: undefined, leftGrantId: left };
    // The new tokens may belong to the same app and person, so revoking the former ones could end them.
    const revocation = await retireGrant(this.context, tx, left, { revoke: checked.oauthAppId !== null });
    return { created, revocation, leftGrantId: undefined };
  }

  private storeGrant(tx: Tx, checked: Checked, currentGrantId: string | null): Promise<string> {
    const { input, provider, oauthAppId, scopes, verified } = checked;
    const { accessToken, refreshToken, expiresAt } = input.credentials;
    return supplyGrant(this.context, tx, {
      ...input.tenant,
      provider: provider.name,
      oauthAppId,
      accessToken,
      refreshToken: refreshToken ?? null,
      accessExpiresAt: expiresAt ?? null,
      scopes,
      platformUserId: verified?.platformUserId ?? null,
      isOfProfile: provider.profiles !== undefined && verified?.list === undefined,
      currentGrantId,
    });
  }

  /** With a person's token the platform returns the profile's own token, as after a consent. */
  private async storeProfileToken(
    tx: Tx,
    { verified }: Checked,
    { accountId, grantId }: { accountId: string; grantId: string },
  ): Promise<void> {
    await this.context.vault.shredAccount(tx, accountId);
    if (verified?.list) await syncProfiles(this.context, tx, grantId, verified.list);
  }
}

type Current = Record<'grantId' | 'connectionType', string>;

async function readCurrent(tx: Tx, checked: Checked): Promise<Current | undefined> {
  const { input, provider, projectId, isUnanswered } = checked;
  const { tenant, platformAccountId } = input;
  const values = [tenant.workspaceId, tenant.environment, projectId, provider.name, platformAccountId];
  const [current] = (await tx.query<Current>(CURRENT, values)).rows;
  if (current?.connectionType === 'leased') throw accountLeased();
  // The stored tokens may work: tokens that the platform has not confirmed do not replace them.
  if (current && isUnanswered) throw providerUnavailable(RETRY_SECONDS);
  return current;
}

async function storeAccount(tx: Tx, checked: Checked, grantId: string): ReturnType<typeof storeConnectedAccount> {
  const { input, provider, projectId, oauthAppId, acceptance } = checked;
  const missing = missingScopes(checked);
  const account = await storeConnectedAccount(tx, {
    ...input.tenant,
    ...namesOf(checked),
    id: newId(),
    projectId,
    provider: provider.name,
    platformAccountId: input.platformAccountId,
    grantId,
    oauthAppId,
    connectionType: 'manual',
    missingScopes: missing,
    metadata: input.metadata ?? {},
    nextProbeSeconds: acceptance.isAccepted ? provider.probe.every / 1_000 : FIRST_PROBE_SECONDS,
    acceptance,
  });
  const type = account.previousGrantId === undefined ? 'account.connected' : 'account.reconnected';
  await recordEvent(tx, { ...input.tenant, accountId: account.id, type, data: { missing_scopes: missing } });
  return account;
}

/** Where the granted scopes are not known, none is reported as missing. */
const missingScopes = ({ provider, scopes }: Checked): string[] =>
  scopes === null ? [] : provider.scopes.required.filter((scope) => !scopes.includes(scope));

const NO_NAMES = { handle: null, displayName: null, avatarUrl: null };

function namesOf({ input, verified }: Checked): typeof NO_NAMES | Pick<Verified['profile'], keyof typeof NO_NAMES> {
  const { handle, displayName, avatarUrl } = verified?.profile ?? NO_NAMES;
  return { handle: input.handle ?? handle, displayName, avatarUrl };
}
