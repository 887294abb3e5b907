import type { AttemptStatus, Candidate, Completion, Surface } from '../entities/index.js';
import type { Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';

/** The statuses in which an attempt holds a token set, as an SQL list. */
export const STATUSES_WITH_TOKENS = `('exchanged', 'selection_required', 'confirmation_required')`;

/** Why an attempt failed, as the return URL and the attempt report it. */
export type AttemptError =
  | 'access_denied'
  | 'state_expired'
  | 'exchange_failed'
  | 'no_eligible_account'
  | 'account_mismatch'
  | 'missing_permissions'
  | 'app_misconfigured'
  | 'provider_unavailable'
  | 'server_error';

/** A person at one app of one tenant. */
export interface AppUser {
  oauthAppId: string;
  platformUserId: string;
}

/** An attempt as the connect flow reads it. */
export interface AttemptRow extends Tenant {
  id: string;
  projectId: string;
  provider: string;
  oauthAppId: string;
  redirectUri: string;
  returnUrl: string | null;
  userRef: string | null;
  scopes: string[];
  createdBy: string;
  reauthAccountId: string | null;
  surface: Surface;
  usageNote: string | null;
  selection: 'all' | 'manual';
  completion: Completion;
  /** SHA-256. */
  connectTokenHash: Buffer | null;
  candidates: Candidate[] | null;
  /** Platform ids of the profiles that become accounts once the attempt is confirmed. */
  chosenProfiles: string[] | null;
  platformUserId: string | null;
  status: AttemptStatus;
  error: string | null;
  /** The platform's own code, where it refused something. */
  platformCode: string | null;
  accountIds: string[];
  expiresAt: Date;
  exchangedAt: Date | null;
  /** The order among consents; null: its state is not spent, or was by a process of the release before. */
  consentSequence: string | null;
  spent: boolean;
  expired: boolean;
}

/** The select list of an AttemptRow. */
export const ATTEMPT_COLUMNS = `
  id, workspace_id as "workspaceId", environment, project_id as "projectId", provider, oauth_app_id as "oauthAppId",
  redirect_uri as "redirectUri", return_url as "returnUrl", user_ref as "userRef", scopes, created_by as "createdBy",
  reauth_account_id as "reauthAccountId", surface, usage_note as "usageNote", selection, completion, connect_token_hash as "connectTokenHash", candidates,
  chosen_profiles as "chosenProfiles", platform_user_id as "platformUserId", status, error, platform_code as "platformCode",
  account_ids as "accountIds", expires_at as "expiresAt", exchanged_at as "exchangedAt",
  consent_sequence as "consentSequence",
  spent_at is not null as spent, expires_at <= db_now() as expired`;

const FIND = `select ${ATTEMPT_COLUMNS}, state_hash as "stateHash" from connect_attempts where state_hash = any($1)`;

/** In the order of the hashes. */
export async function findAttempts(tx: Tx, stateHashes: readonly Buffer[]): Promise<(AttemptRow | undefined)[]> {
  const { rows } = await tx.query<AttemptRow & { stateHash: Buffer }>(FIND, [stateHashes]);
  const found = new Map(rows.map(({ stateHash, ...attempt }) => [stateHash.toString('hex'), attempt]));
  return stateHashes.map((hash) => found.get(hash.toString('hex')));
}

export async function findAttempt(tx: Tx, stateHash: Buffer): Promise<AttemptRow | undefined> {
  return (await findAttempts(tx, [stateHash]))[0];
}
