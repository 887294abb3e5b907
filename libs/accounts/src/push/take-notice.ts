import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { Database, erasePersonFromAttempts, scheduleProbesNow, transaction, type Tx } from '#persistence';
import type { PushNotice } from '#providers';
import { endGrant, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';
import { confirmDeletion } from './confirm-deletion.js';
import { failWaitingAttempts } from './fail-waiting-attempts.js';
import { forgetPerson } from './forget-person.js';
import type { PushApp } from './push-apps.js';

export interface GenuineNotice {
  app: PushApp;
  notice: PushNotice;
  /** What the platform sent, to know the same request when it comes again. */
  body: Buffer;
}

interface GrantRow {
  id: string;
  /** Whether the person consented anew after what the platform tells of. Its times may be whole seconds. */
  consentedSince: boolean;
}

const FIND = `
  select id, coalesce($5::timestamptz < date_trunc('second', consented_at), false) as "consentedSince" from grants
  where workspace_id = $1 and environment = $2 and oauth_app_id = $3 and platform_user_id = $4 for update`;

/** Does what a platform's word means, in one transaction. Told again, it changes nothing. */
@Injectable()
export class TakeNotice {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * The confirmation code, where a person's data were to be destroyed. A person can ask for that without removing the app:
   * then the platform still takes the tokens, and they are revoked there. After any other notice they are dead.
   */
  async execute(genuine: GenuineNotice): Promise<string | undefined> {
    const revocations: string[] = [];
    const code = await transaction(this.database.pool, (tx) => this.carryOut(tx, genuine, revocations));
    this.revokeLater.execute(...revocations);
    return code;
  }

  private async carryOut(
    tx: Tx,
    { app, notice, body }: GenuineNotice,
    revocations: string[],
  ): Promise<string | undefined> {
    const person = { tenant: app.tenant, oauthAppId: app.id, platformUserId: notice.platformUserId };
    const deletes = notice.kind === 'data_deletion';
    if (deletes) await erasePersonFromAttempts(tx, person, notice.at);
    const waiting = { until: notice.at, revoke: deletes };
    revocations.push(...(await failWaitingAttempts(this.context, tx, person, waiting)));
    const grant = await this.end(tx, app, notice, revocations);
    if (!deletes) return undefined;
    if (grant) await forgetPerson(tx, grant.id, grant.consentedSince ? notice.at : null);
    return confirmDeletion(tx, app, body);
  }

  /** A word about an earlier consent that comes late, or a clock that is wrong: then the platform is asked, not believed. */
  private async end(tx: Tx, app: PushApp, notice: PushNotice, revocations: string[]): Promise<GrantRow | undefined> {
    const { workspaceId, environment } = app.tenant;
    const values = [workspaceId, environment, app.id, notice.platformUserId, notice.at];
    const grant = (await tx.query<GrantRow & Record<string, unknown>>(FIND, values)).rows[0];
    if (!grant) return undefined;
    if (grant.consentedSince) await scheduleProbesNow(tx, { grantId: grant.id });
    const end = { reason: notice.reason, revoke: notice.kind === 'data_deletion' };
    const ended = grant.consentedSince ? undefined : await endGrant(this.context, tx, grant.id, end);
    if (ended) this.logger.info({ grant: grant.id, reason: notice.reason }, 'the platform ended a grant');
    if (ended?.revocation) revocations.push(ended.revocation);
    return grant;
  }
}
