import { Inject, Injectable } from '@nestjs/common';
import { seconds, withTimeout } from '#config';
import { LOGGER, type Logger } from '#observability';
import { claimSecretTurn, Database, transaction } from '#persistence';
import {
  acceptSecret,
  chooseGrantForSecret,
  hasRefreshableGrant,
  readApp,
  type RefreshOutcome,
  type TokenExchange,
} from '#tokens';
import { TOKEN_EXCHANGE } from '../injection.js';

const MAX_APPS_PER_SWEEP = 100;
/** Grants that one run refreshes in a row; the next sweep continues. */
const MAX_GRANTS_PER_RUN = 5;
/** A platform that hangs holds no job of the worker: the exchanger continues with it, and a later sweep with the next grant. */
const REFRESH_MAX_WAIT = seconds(10);

/** `running`: the platform has not answered yet. */
type Outcome = RefreshOutcome['kind'] | 'running';

/** A free turn. During a pause nothing is sent for the app. */
const WAITING = `
  secret_turn_until <= db_now() and (status <> 'paused' or status_source = 'api' or coalesce(paused_until <= db_now(), true))`;

/**
 * Finds out whether the platform accepts a new client secret, before all grants of the app depend on it. One grant is refreshed
 * with it; where its refresh shows nothing, because the platform failed or the grant itself was refused, the next one is.
 * Without a grant that can be refreshed now, the app is checked at the platform.
 */
@Injectable()
export class ConfirmSecret {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** After a new secret was stored. Never rejects: what this process leaves undone, the sweep of the worker does. */
  async begin(appId: string): Promise<void> {
    try {
      const app = await readApp(this.database.pool, appId);
      if (app && app.secretTurnIn === null) await this.exchange.checkApp(appId);
      else await this.execute(appId);
    } catch (error) {
      this.logger.warn({ err: error, oauthApp: appId }, 'oauth_app.secret_not_confirmed');
    }
  }

  /** The apps whose secret no request uses at present, though the platform has not accepted it yet. */
  async findWaiting(): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      `select id from oauth_apps where ${WAITING} order by secret_turn_until limit ${MAX_APPS_PER_SWEEP}`,
    );
    return rows.map(({ id }) => id);
  }

  /** May run at the same time in several processes: the turn to use the secret is claimed in the app's row. */
  async execute(appId: string): Promise<void> {
    let former: string | undefined;
    for (let count = 0; count < MAX_GRANTS_PER_RUN && (await this.isWaiting(appId)); count += 1) {
      const grantId = await chooseGrantForSecret(this.database.pool, appId);
      if (grantId === undefined) return this.check(appId);
      // Nothing was sent for it, because the exchanger or the breaker of the app did not admit it.
      if (grantId === former) return;
      former = grantId;
      const refreshed = this.exchange.refresh(grantId).then(({ kind }) => kind);
      const outcome = await withTimeout<Outcome>(refreshed, REFRESH_MAX_WAIT, () => 'running');
      this.logger.info({ oauthApp: appId, grant: grantId, outcome }, 'oauth_app.secret_used');
      if (outcome === 'running') return;
    }
  }

  private async isWaiting(appId: string): Promise<boolean> {
    const { rows } = await this.database.pool.query(`select from oauth_apps where id = $1 and ${WAITING}`, [appId]);
    return rows.length > 0;
  }

  /** The exchanger stores the platform's answer. Without a conclusive answer and without a grant to refresh, the secret counts as accepted. */
  private async check(appId: string): Promise<void> {
    const { pool } = this.database;
    const app = await readApp(pool, appId);
    if (!app || !(await claimSecretTurn(pool, appId))) return;
    const outcome = await this.exchange.checkApp(appId);
    if (outcome.status !== 'unknown' || outcome.retry || (await hasRefreshableGrant(pool, appId))) return;
    await transaction(pool, (tx) => acceptSecret(tx, app));
  }
}
