import { Injectable } from '@nestjs/common';
import { Database, type ProbeResult, type Tenant } from '#persistence';
import { providerOf } from '#providers';
import { accountNotFound, accountSealBroken, oauthAppPaused, providerUnavailable } from '../accounts.errors.js';
import { AccountHealth, type AccountHealthRecord } from '../accounts/account-health.js';
import { DueProbes } from './due-probes.js';

interface ProbedRow {
  provider: string;
  probeResult: ProbeResult | null;
  /** Whether the platform answered a probe on this UTC day. A refusal of tokens that were replaced since does not count. */
  answeredToday: boolean;
  /** Seconds until the app's pause ends; 0: it is not paused. */
  pausedFor: number;
}

const READ = `
  select account.provider, account.probe_result as "probeResult",
    coalesce(account.probe_result not in ('temporary', 'app')
      and not (account.probe_result = 'permanent' and grants.issued_at > account.last_probed_at)
      and account.last_probed_at >= date_trunc('day', db_now(), 'UTC'), false) as "answeredToday",
    case when app.status = 'paused'
      then greatest(0, ceil(extract(epoch from app.paused_until - db_now())))::int else 0 end as "pausedFor"
  from accounts account
    join grants on grants.id = account.grant_id
    left join oauth_apps app on app.id = grants.oauth_app_id
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3 and account.health <> 'disconnected'`;

const RETRY_AFTER_SECONDS = 60;
const APP_RETRY_AFTER_SECONDS = 300;

/** Probes an account at a caller's request. Where the platform bills probes by the day, a result of today is returned instead. */
@Injectable()
export class ProbeNow {
  constructor(
    private readonly database: Database,
    private readonly dueProbes: DueProbes,
    private readonly accountHealth: AccountHealth,
  ) {}

  /** Throws account.not_found, also for a disconnected account, provider.unavailable, account.seal_broken, and oauth_app.paused. */
  async execute(input: { tenant: Tenant; id: string }): Promise<AccountHealthRecord> {
    const account = await this.find(input);
    const isKnown = account.answeredToday && providerOf(account.provider).probe.oncePerUtcDay;
    if (!isKnown) await this.probe(input, account);
    return this.accountHealth.execute(input);
  }

  private async probe(input: { tenant: Tenant; id: string }, { pausedFor }: ProbedRow): Promise<void> {
    if (pausedFor > 0) throw oauthAppPaused(pausedFor);
    const outcome = await this.dueProbes.probe(input.id);
    if (outcome === 'unavailable') throw providerUnavailable(RETRY_AFTER_SECONDS);
    if (outcome === 'seal_broken') throw accountSealBroken();
    if (outcome === 'nothing_to_probe') return;
    const after = await this.find(input);
    if (after.probeResult === 'app') throw oauthAppPaused(after.pausedFor || APP_RETRY_AFTER_SECONDS);
  }

  private async find({ tenant, id }: { tenant: Tenant; id: string }): Promise<ProbedRow> {
    const { rows } = await this.database.pool.query<ProbedRow>(READ, [tenant.workspaceId, tenant.environment, id]);
    if (!rows[0]) throw accountNotFound();
    return rows[0];
  }
}
