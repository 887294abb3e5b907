import { Inject, Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { LOGGER, type Logger } from '#observability';
import {
  type AppUser,
  ATTEMPT_COLUMNS,
  type AttemptRow,
  Database,
  eraseProfiles,
  erasePersonFromAttempts,
  newId,
  recordEvent,
  redactAccountEvents,
  redactPersonEvents,
  scheduleProbesNow,
  STATUSES_WITH_TOKENS,
  transaction,
  type Tx,
} from '#persistence';
import type { PushNotice } from '#providers';
import { endGrant, type TokenContext } from '#tokens';
import { failAttemptIn } from '../connect/fail-attempt.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';
import { RESERVED_WORKSPACE } from '../workspaces/ensure-workspace.js';
import type { PushApp } from './push-apps.js';

export interface GenuineNotice {
  app: PushApp;
  notice: PushNotice;
  /** The body of the request; a repeated request has the same. */
  body: Buffer;
}

interface GrantRow extends Record<string, unknown> {
  id: string;
  /** Whether the person consented again after the time of the notice, which may be in whole seconds. */
  consentedSince: boolean;
}

/** The grants of the person's consents, also for the pool, and those of manual accounts that the platform named the person of. */
const FIND_GRANTS = `
  select id, coalesce($5::timestamptz < date_trunc('second', consented_at), false) as "consentedSince" from grants
  where workspace_id = any(array[$1::uuid, (select id from workspaces where name = $6)]) and environment = $2 and oauth_app_id = $3
    and (platform_user_id = $4 or manual_user_id = $4)
  order by id for update`;

/** Applies a verified notice of a platform in one transaction. A repeated notice changes nothing. */
@Injectable()
export class ApplyPlatformNotice {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Returns the confirmation code of a data deletion. A person can request that without removing the app; then the platform
   * still accepts the tokens, so they are revoked there. After any other notice they are invalid already.
   */
  async execute(genuine: GenuineNotice): Promise<string | undefined> {
    const revocations: string[] = [];
    const code = await transaction(this.database.pool, (tx) => this.apply(tx, genuine, revocations));
    this.revokeLater.execute(...revocations);
    return code;
  }

  private async apply(
    tx: Tx,
    { app, notice, body }: GenuineNotice,
    revocations: string[],
  ): Promise<string | undefined> {
    const user = { oauthAppId: app.id, platformUserId: notice.platformUserId };
    const isDeletion = notice.kind === 'data_deletion';
    if (isDeletion) await erasePersonFromAttempts(tx, user, notice.at);
    const waiting = { until: notice.at, revoke: isDeletion };
    revocations.push(...(await failWaitingAttempts(this.context, tx, user, waiting)));
    const grants = await this.end(tx, app, notice, revocations);
    if (!isDeletion) return undefined;
    await redactPersonEvents(tx, user, notice.at, IMPERSONAL_KEYS);
    for (const grant of grants) await erasePerson(tx, grant.id, grant.consentedSince ? notice.at : null);
    return recordDeletion(tx, app, body);
  }

  private async end(tx: Tx, app: PushApp, notice: PushNotice, revocations: string[]): Promise<GrantRow[]> {
    const { workspaceId, environment } = app.tenant;
    const values = [workspaceId, environment, app.id, notice.platformUserId, notice.at, RESERVED_WORKSPACE];
    const { rows } = await tx.query<GrantRow>(FIND_GRANTS, values);
    for (const grant of rows) revocations.push(...(await this.endOne(tx, grant, notice)));
    return rows;
  }

  /** A notice about an earlier consent, or with a wrong clock, does not end the grant: a probe checks it. */
  private async endOne(tx: Tx, grant: GrantRow, notice: PushNotice): Promise<string[]> {
    if (grant.consentedSince) {
      await scheduleProbesNow(tx, { grantId: grant.id });
      return [];
    }
    const end = { reason: notice.reason, revoke: notice.kind === 'data_deletion' };
    const ended = await endGrant(this.context, tx, grant.id, end);
    if (ended) this.logger.info({ grant: grant.id, reason: notice.reason }, 'grant.ended_by_platform');
    return ended?.revocation ? [ended.revocation] : [];
  }
}

const WAITING = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where oauth_app_id = $1 and platform_user_id = $2 and status in ${STATUSES_WITH_TOKENS}
    and exchanged_at <= coalesce($3::timestamptz + interval '1 second', 'infinity') for update`;

/**
 * Fails the attempts of the person that hold a token set. `revoke`: the platform may still accept their tokens. Returns the ids
 * of the stored revocations.
 */
async function failWaitingAttempts(
  context: TokenContext,
  tx: Tx,
  { oauthAppId, platformUserId }: AppUser,
  { until, revoke }: { until: Date | null; revoke: boolean },
): Promise<string[]> {
  const values = [oauthAppId, platformUserId, until];
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(WAITING, values);
  const revocations: string[] = [];
  for (const attempt of rows) {
    const failed = await failAttemptIn(context, tx, attempt, { error: 'access_denied', revoke });
    if (failed?.revocation !== undefined) revocations.push(failed.revocation);
  }
  return revocations;
}

/** What an event may still contain once its person is erased. */
const IMPERSONAL_KEYS = ['health', 'reason', 'previous', 'provider', 'error', 'missing_scopes'];

/**
 * Erases what the accounts of a grant, disconnected ones included, and their events contain about its person. Ids stay, so that a
 * later consent finds its account. What the person gave again after `until` stays; null: nothing.
 */
async function erasePerson(tx: Tx, grantId: string, until: Date | null): Promise<void> {
  await redactAccountEvents(tx, grantId, until, IMPERSONAL_KEYS);
  if (until !== null) return;
  for (const account of await eraseProfiles(tx, grantId)) {
    await recordEvent(tx, { ...account, type: 'account.data_deleted', data: { reason: 'data_deletion_requested' } });
  }
}

/** 80 bits cannot be guessed; the code shows no more than that a deletion is done. */
const CONFIRMATION_CODE_BYTES = 10;

const RECORD_DELETION = `
  insert into data_deletions (id, workspace_id, environment, oauth_app_id, request_hash, confirmation_code)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (oauth_app_id, request_hash) do update set request_hash = excluded.request_hash
  returning confirmation_code as code`;

/** Returns the code of a deletion that is done when this transaction commits. The same request gets the same code. */
async function recordDeletion(tx: Tx, { id, tenant }: PushApp, request: Buffer): Promise<string> {
  const hash = createHash('sha256').update(request).digest();
  const code = randomBytes(CONFIRMATION_CODE_BYTES).toString('hex').toUpperCase();
  const values = [newId(), tenant.workspaceId, tenant.environment, id, hash, code];
  const { rows } = await tx.query<{ code: string }>(RECORD_DELETION, values);
  if (!rows[0]) throw new Error('a deletion was not recorded');
  return rows[0].code;
}
