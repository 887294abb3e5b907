import { Inject, Injectable } from '@nestjs/common';
import { SealBroken } from '#crypto';
import { LOGGER, type Logger } from '#observability';
import {
  ATTEMPT_COLUMNS,
  type AttemptError,
  type AttemptRow,
  Database,
  lockAttempt,
  requireSelection,
  scheduleNextIdentityCheck,
  transaction,
} from '#persistence';
import { type AttemptIdentity, type ExchangedAttempt, identifyAttempt, type TokenContext, toCandidate } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';
import { type Choice, chooseProfiles } from './choose-profiles.js';
import { FailAttempt } from './fail-attempt.js';
import { type AfterLook, afterLook, isSoon, type Looks, pauseOfSweep } from './look-again.js';
import { storeConnections } from './store-connections.js';

/**
 * `later`: the platform could not say whose the token set is; it stays sealed and is asked about again. `soon`: in so many
 * seconds, while the browser waits; else by the sweep.
 */
export type Finished =
  | { kind: 'completed'; accountIds: string[] }
  | { kind: 'selection_required' }
  | { kind: 'failed'; error: AttemptError }
  | { kind: 'later'; soon?: number };

/** `code`: the platform's own. */
type Unnamed = AfterLook & { code?: string };
type Identified = Extract<AttemptIdentity, { ok: true }>;

const READ = `
  select ${ATTEMPT_COLUMNS}, (select platform_account_id from accounts where accounts.id = reauth_account_id
    and health <> 'disconnected') as "reauthProfile", looks,
    exchanged_at > db_now() - interval '10 minutes' as "isFresh", exchanged_at <= db_now() - interval '1 hour' as "isOverdue"
  from connect_attempts where id = $1`;

export interface OpenAttempt extends AttemptRow, ExchangedAttempt, Looks {
  exchangedAt: Date;
  /** Which profile a reauthorization is for; null: for none, or for one that was disconnected meanwhile. */
  reauthProfile: string | null;
}

/** The second half of connecting: whose token set is it, and which accounts does it make or renew. Safe to run twice. */
@Injectable()
export class FinishAttempt {
  constructor(
    private readonly database: Database,
    private readonly failAttempt: FailAttempt,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** `selected`: the profiles that the caller chose, where the attempt waits for that. */
  async execute(attemptId: string, selected?: readonly string[]): Promise<Finished> {
    const { rows } = await this.database.pool.query<OpenAttempt>(READ, [attemptId]);
    const attempt = rows[0];
    if (!attempt || !isOpen(attempt, selected)) return ended(attempt);
    const identity = await this.identify(attempt);
    if (!identity) return { kind: 'later' };
    if ('again' in identity) return this.notIdentified(attempt, identity);
    attempt.platformUserId = identity.identity.platformUserId;
    const choice = chooseProfiles(attempt, identity, selected);
    const look = lookAgainAt(attempt, identity, choice);
    return look?.again ? this.notIdentified(attempt, look) : this.decide(attempt, identity, choice);
  }

  private async identify(attempt: OpenAttempt): Promise<Identified | Unnamed | undefined> {
    try {
      const identity = await identifyAttempt(this.context, attempt);
      if (!identity || identity.ok) return identity;
      this.logger.warn(
        { attempt: attempt.id, code: identity.failure.code },
        'the platform did not say whose a token set is',
      );
      return { ...afterLook(attempt, identity.failure), code: identity.failure.code };
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      this.logger.error({ err: error, attempt: attempt.id }, 'attempt.seal_broken');
      return { ...afterLook(attempt, { class: 'temporary' }), error: 'server_error' };
    }
  }

  private async notIdentified(attempt: OpenAttempt, look: Unnamed): Promise<Finished> {
    if (!look.again) return this.fail(attempt, look.error, look.code);
    const next = { waitSeconds: pauseOfSweep(look.wait), error: look.error };
    await scheduleNextIdentityCheck(this.database.pool, attempt.id, next);
    return { kind: 'later', ...(isSoon(attempt.looks, look.wait) && { soon: look.wait }) };
  }

  private async decide(attempt: OpenAttempt, identity: Identified, choice: Choice): Promise<Finished> {
    if (choice.kind === 'refused') return this.fail(attempt, choice.error);
    if (choice.kind === 'ask') return this.askForSelection(attempt, identity);
    const stored = await transaction(this.database.pool, async (tx) => {
      return (await lockAttempt(tx, attempt))
        ? storeConnections(this.context, tx, { attempt, ...identity, chosen: choice.profiles })
        : undefined;
    });
    if (!stored) return this.execute(attempt.id);
    this.revokeLater.execute(...stored.revocations);
    return { kind: 'completed', accountIds: stored.accountIds };
  }

  private async askForSelection(attempt: OpenAttempt, { list }: Identified): Promise<Finished> {
    await requireSelection(this.database.pool, attempt, (list?.profiles ?? []).map(toCandidate));
    return { kind: 'selection_required' };
  }

  private async fail(attempt: AttemptRow, error: AttemptError, code?: string): Promise<Finished> {
    await this.failAttempt.execute(attempt, error, code);
    return { kind: 'failed', error };
  }
}

/** What is missing in a list is asked for once more, and again where the list broke off: a platform may answer with a short list once. */
function lookAgainAt(attempt: OpenAttempt, { list }: Identified, choice: Choice): AfterLook | undefined {
  const error = choice.kind === 'refused' ? choice.error : 'no_eligible_account';
  const isMissing = list !== undefined && (choice.kind === 'refused' || list.profiles.length === 0);
  if (!isMissing || (list.isWhole && attempt.looks > 0)) return undefined;
  return { ...afterLook(attempt, { class: 'temporary' }), error };
}

const isOpen = ({ status }: AttemptRow, selected?: readonly string[]): boolean =>
  status === 'exchanged' || (status === 'selection_required' && selected !== undefined);

function ended(attempt: AttemptRow | undefined): Finished {
  if (attempt?.status === 'completed') return { kind: 'completed', accountIds: attempt.accountIds };
  if (attempt?.status === 'selection_required') return { kind: 'selection_required' };
  return { kind: 'failed', error: (attempt?.error ?? 'server_error') as AttemptError };
}
