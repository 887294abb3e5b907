import { Inject, Injectable } from '@nestjs/common';
import { codeOf, LOGGER, type Logger } from '#observability';
import {
  ATTEMPT_COLUMNS,
  type AttemptError,
  type AttemptRow,
  Database,
  lockAttempt,
  requireConfirmation,
  requireSelection,
  scheduleNextIdentityCheck,
  storeIdentity,
  transaction,
  type Tx,
} from '#persistence';
import { identifyAttempt, reportBrokenSeal, type TokenContext, toCandidate } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { type Choice, type ChosenProfile, chooseProfiles, type Identified } from './choose-profiles.js';
import { FailAttempt } from './fail-attempt.js';
import { type AfterCheck, afterCheck, fitsBrowser, type OpenAttempt, sweepWait } from './identity-check.js';
import { RetireUnusedGrants } from './retire-unused-grants.js';
import { type StoredConnections, storeConnections } from './store-connections.js';

/**
 * `later`: the platform did not identify the person; the token set stays sealed and is checked again, after `waitSeconds`
 * while the browser waits, otherwise by the sweep.
 */
export type Finished =
  | { kind: 'completed'; accountIds: string[] }
  | { kind: 'selection_required' }
  | { kind: 'confirmation_required' }
  | { kind: 'failed'; error: AttemptError }
  | { kind: 'later'; waitSeconds?: number };

/** What the caller has decided about an attempt that waited for it. */
export interface CallerDecision {
  /** The profiles that the caller chose, where the attempt requires a selection. */
  selected?: readonly string[];
  /** The caller has confirmed the attempt, where its app requires that. */
  isConfirmed?: boolean;
  /** Runs in the transaction that stores the accounts. */
  alongside?: (tx: Tx, accountIds: string[]) => Promise<void>;
}

/** `platformCode`: the platform's own error code. */
type Unidentified = AfterCheck & { platformCode?: string };

interface Decided {
  identity: Identified;
  choice: Choice;
  decision: CallerDecision;
}

/** Attempts that do not open would otherwise be due at each sweep, before those that wait for a platform. */
const BROKEN_SEAL_SECONDS = 5 * 60;

const READ = `
  select ${ATTEMPT_COLUMNS}, (select platform_account_id from accounts where accounts.id = reauth_account_id
    and health <> 'disconnected') as "reauthProfile", (select coalesce(platform_user_id, manual_user_id) from accounts
    join grants on grants.id = accounts.grant_id join oauth_apps app on app.id = connect_attempts.oauth_app_id
    where accounts.id = reauth_account_id and app.completion = 'confirm') as "reauthPerson", checks,
    status = 'exchanged' and exchanged_at > db_now() - interval '10 minutes' as "isFresh",
    status = 'exchanged' and exchanged_at <= db_now() - interval '1 hour' as "isOverdue", status <> 'exchanged' as "isIdentified"
  from connect_attempts where id = $1`;

/** The second half of connecting: identifies the person of a token set, and stores the accounts. Safe to run twice. */
@Injectable()
export class FinishAttempt {
  constructor(
    private readonly database: Database,
    private readonly failAttempt: FailAttempt,
    private readonly retireUnusedGrants: RetireUnusedGrants,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(attemptId: string, decision: CallerDecision = {}): Promise<Finished> {
    const { rows } = await this.database.pool.query<OpenAttempt>(READ, [attemptId]);
    const attempt = rows[0];
    return attempt && isOpen(attempt, decision) ? this.finish(attempt, decision) : outcomeOf(attempt);
  }

  private async finish(attempt: OpenAttempt, decision: CallerDecision): Promise<Finished> {
    const identity = await this.identify(attempt);
    if (!identity) return this.outcomeElsewhere(attempt.id);
    if ('again' in identity) return this.notIdentified(attempt, identity);
    attempt.platformUserId = identity.identity.platformUserId;
    await storeIdentity(this.database.pool, attempt.id, attempt.platformUserId);
    const choice = chooseProfiles(attempt, identity, decision.selected ?? attempt.chosenProfiles ?? undefined);
    const check = checkListAgain(attempt, identity, choice);
    return check ? this.notIdentified(attempt, check) : this.decide(attempt, { identity, choice, decision });
  }

  /** Another process has changed the attempt since it was read. */
  private async outcomeElsewhere(attemptId: string): Promise<Finished> {
    const { rows } = await this.database.pool.query<OpenAttempt>(READ, [attemptId]);
    return rows[0]?.status === 'exchanged' ? { kind: 'later' } : outcomeOf(rows[0]);
  }

  private async identify(attempt: OpenAttempt): Promise<Identified | Unidentified | undefined> {
    try {
      const identity = await identifyAttempt(this.context, attempt);
      if (!identity || identity.ok) return identity;
      this.logger.warn({ attempt: attempt.id, code: identity.failure.code }, 'attempt.not_identified');
      return { ...afterCheck(attempt, identity.failure), platformCode: identity.failure.code };
    } catch (error) {
      await reportBrokenSeal(this.context, error);
      return { ...afterCheck(attempt, { class: 'temporary', retryAfter: BROKEN_SEAL_SECONDS }), error: 'server_error' };
    }
  }

  private async notIdentified(attempt: OpenAttempt, check: Unidentified): Promise<Finished> {
    if (!check.again) return this.fail(attempt, check.error, check.platformCode);
    const { waitSeconds, error } = check;
    const next = { waitSeconds: sweepWait(waitSeconds), error };
    await scheduleNextIdentityCheck(this.database.pool, attempt.id, next);
    return { kind: 'later', ...(fitsBrowser(attempt.checks, waitSeconds) && { waitSeconds }) };
  }

  private async decide(attempt: OpenAttempt, { identity, choice, decision }: Decided): Promise<Finished> {
    if (choice.kind === 'refused') return this.fail(attempt, choice.error);
    if (choice.kind === 'undecided') return this.waitForSelection(attempt, identity);
    if (attempt.completion === 'confirm' && !decision.isConfirmed)
      return this.waitForConfirmation(attempt, choice.profiles);
    const stored = await this.store(attempt, { identity, profiles: choice.profiles, decision });
    if (stored === 'leased') return this.fail(attempt, 'no_eligible_account');
    if (!stored) return this.execute(attempt.id);
    await this.retireUnusedGrants.execute(stored.leftGrantIds);
    return { kind: 'completed', accountIds: stored.accountIds };
  }

  /** Undefined: another process has finished the attempt. `leased`: the operator's grant of a leased profile stays. */
  private async store(
    attempt: OpenAttempt,
    { identity, profiles, decision }: Omit<Decided, 'choice'> & { profiles: ChosenProfile[] },
  ): Promise<StoredConnections | 'leased' | undefined> {
    try {
      return await transaction(this.database.pool, async (tx) => {
        if (!(await lockAttempt(tx, attempt))) return undefined;
        const connections = await storeConnections(this.context, tx, { attempt, ...identity, chosen: profiles });
        await decision.alongside?.(tx, connections.accountIds);
        return connections;
      });
    } catch (error) {
      if (codeOf(error) === 'account.leased') return 'leased';
      throw error;
    }
  }

  private async waitForSelection(attempt: OpenAttempt, { list }: Identified): Promise<Finished> {
    const isWaiting = await requireSelection(this.database.pool, attempt, (list?.profiles ?? []).map(toCandidate));
    return isWaiting ? { kind: 'selection_required' } : this.outcomeElsewhere(attempt.id);
  }

  /** The accounts exist after the confirmation. Until then the token set stays sealed in the attempt. */
  private async waitForConfirmation(attempt: OpenAttempt, chosen: ChosenProfile[]): Promise<Finished> {
    const profiles = chosen.map(({ platformAccountId }) => platformAccountId);
    const isWaiting = await requireConfirmation(this.database.pool, attempt, profiles);
    return isWaiting ? { kind: 'confirmation_required' } : this.outcomeElsewhere(attempt.id);
  }

  private async fail(attempt: AttemptRow, error: AttemptError, platformCode?: string): Promise<Finished> {
    await this.failAttempt.execute(attempt, error, platformCode);
    return { kind: 'failed', error };
  }
}

/**
 * Lists the profiles once more where one is missing, and again if the list is incomplete: a list may be incomplete once. One
 * without its end proves nothing about what is missing, however often it came.
 */
function checkListAgain(attempt: OpenAttempt, { list }: Identified, choice: Choice): AfterCheck | undefined {
  const isMissing = list !== undefined && (choice.kind === 'refused' || list.profiles.length === 0);
  if (!isMissing || (list.hasEnd && attempt.checks > 0)) return undefined;
  const refused = choice.kind === 'refused' ? choice.error : 'no_eligible_account';
  const check = afterCheck(attempt, { class: 'temporary' });
  return { ...check, error: list.hasEnd ? refused : 'provider_unavailable' };
}

const isOpen = ({ status }: AttemptRow, { selected, isConfirmed = false }: CallerDecision): boolean =>
  status === 'exchanged' ||
  (status === 'selection_required' && selected !== undefined) ||
  (status === 'confirmation_required' && isConfirmed);

function outcomeOf(attempt: AttemptRow | undefined): Finished {
  if (!attempt) return { kind: 'failed', error: 'server_error' };
  const { status, accountIds, error } = attempt;
  if (status === 'completed') return { kind: status, accountIds };
  if (status === 'selection_required' || status === 'confirmation_required') return { kind: status };
  return { kind: 'failed', error: (error ?? 'server_error') as AttemptError };
}
