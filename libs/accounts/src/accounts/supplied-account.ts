import { type Acceptance, newId, recordEvent, storeConnectedAccount, type Tenant, type Tx } from '#persistence';
import type { Provider } from '#providers';
import type { TokenVerification } from '#tokens';
import { accountLeased } from '../accounts.errors.js';
import type { AccountRecord } from './account-record.js';
import type { SuppliedCredentials } from './supplied-credentials.js';

export interface CreateAccountInput {
  tenant: Tenant;
  /** The workspace of the app; default: `tenant`. */
  appOwner?: Tenant;
  provider: string;
  platformAccountId: string;
  handle?: string;
  credentials: SuppliedCredentials;
  projectId?: string;
  /** The app that issued the tokens, and can refresh them. */
  oauthAppId?: string;
  metadata?: Record<string, string>;
  /** Default: the platform has to name the profile of the token. */
  verify?: boolean;
  /** Runs in the transaction that stores the account. */
  alongside?: (tx: Tx, created: CreatedAccount) => Promise<void>;
}

export interface CreatedAccount {
  account: AccountRecord;
  /** False: the profile was connected already, and got these tokens. */
  isNew: boolean;
}

export type Verified = Extract<TokenVerification, { kind: 'verified' }>;

/** What is known of the credentials before they are stored. */
export interface CheckedAccount {
  input: CreateAccountInput;
  provider: Provider;
  projectId: string;
  oauthAppId: string | null;
  /** Null: not known. */
  scopes: string[] | null;
  /** Undefined: the platform has not named the profile of the token. */
  verified: Verified | undefined;
  acceptance: Acceptance;
  /** The code of the failure, where the platform did not name the owner of the token. */
  unansweredCode?: string;
}

/** Without an accepted token the first regular probe would be hours away. */
const FIRST_PROBE_SECONDS = 5;

/** Stores the account of checked credentials, with its event. */
export async function storeSuppliedAccount(
  tx: Tx,
  checked: CheckedAccount,
  grantId: string,
): ReturnType<typeof storeConnectedAccount> {
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
  if (account.isLeased) throw accountLeased();
  const type = account.previousGrantId === undefined ? 'account.connected' : 'account.reconnected';
  await recordEvent(tx, { ...input.tenant, accountId: account.id, type, data: { missing_scopes: missing } });
  return account;
}

/** Where the granted scopes are not known, none is reported as missing. */
const missingScopes = ({ provider, scopes }: CheckedAccount): string[] =>
  scopes === null ? [] : provider.scopes.required.filter((scope) => !scopes.includes(scope));

const NO_NAMES = { handle: null, displayName: null, avatarUrl: null };

function namesOf({
  input,
  verified,
}: CheckedAccount): typeof NO_NAMES | Pick<Verified['profile'], keyof typeof NO_NAMES> {
  const { handle, displayName, avatarUrl } = verified?.profile ?? NO_NAMES;
  return { handle: input.handle ?? handle, displayName, avatarUrl };
}
