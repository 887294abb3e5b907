import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { Cursors } from '#crypto';
import { type ConnectionType, Database, type Health, type Tenant } from '#persistence';
import { type Recommendation, recommend } from '../accounts/recommendation.js';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';
import { ACCOUNT_STATUSES, type AccountStatus, statusOf } from './account-status.js';
import { Projects } from './projects.js';

export interface ProjectHealthInput {
  tenant: Tenant;
  projectId: string;
  limit: number;
  cursor?: string;
}

/** An account that stays as it is until a person acts. */
export interface AccountToActOn {
  id: string;
  provider: string;
  handle: string | null;
  health: Health;
  healthReason: string | null;
  connectionType: ConnectionType;
  recommendation: Recommendation;
  /** The last change of its health or reason. */
  since: Date;
}

export interface ProjectHealthRecord {
  counts: Record<AccountStatus, number>;
  /** Connected accounts by the reason of their health, where it has one. */
  byReason: Record<string, number>;
  /** Those that have waited longest first. */
  needsAction: AccountToActOn[];
  nextCursor: string | null;
}

const OF_PROJECT = 'workspace_id = $1 and environment = $2 and project_id = $3';

const COUNT = `
  select health, health_reason as reason, count(*)::int as count from accounts where ${OF_PROJECT} group by 1, 2`;

const LIST = `
  select id, provider, handle, health, health_reason as "healthReason", connection_type as "connectionType",
    health_since as since, ${keysetTime('health_since')} as at
  from accounts where ${OF_PROJECT} and health not in ('active', 'disconnected')
    and (health <> 'degraded' or health_reason = 'app_misconfigured')`;

type Listed = Omit<AccountToActOn, 'recommendation'> & { at: string };

/** The health of a whole project in one call: counts, and the accounts on which a person has to act. */
@Injectable()
export class ProjectHealth {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly projects: Projects,
  ) {}

  /** Throws project.unknown and cursor.invalid. */
  async execute({ tenant, projectId, limit, cursor }: ProjectHealthInput): Promise<ProjectHealthRecord> {
    await this.projects.get({ tenant, id: projectId });
    const owner = [tenant.workspaceId, tenant.environment, projectId];
    const scope = ['project-health', ...owner];
    const from = readPosition(this.cursors, keysetPosition, { scope, cursor });
    const { items, last } = cutPage(await this.list(owner, limit + 1, from), limit);
    return {
      ...(await this.count(owner)),
      needsAction: items.map((row) => ({ ...row, recommendation: recommend(row) })),
      nextCursor: last ? this.cursors.write(scope, { at: last.at, id: last.id }) : null,
    };
  }

  private async list(owner: string[], limit: number, from?: z.infer<typeof keysetPosition>): Promise<Listed[]> {
    const after = from ? 'and (health_since, id) > ($5, $6)' : '';
    const { rows } = await this.database.pool.query<Listed>(`${LIST} ${after} order by health_since, id limit $4`, [
      ...owner,
      limit,
      ...(from ? [from.at, from.id] : []),
    ]);
    return rows;
  }

  private async count(owner: string[]): Promise<Pick<ProjectHealthRecord, 'counts' | 'byReason'>> {
    const { rows } = await this.database.pool.query<{ health: Health; reason: string | null; count: number }>(
      COUNT,
      owner,
    );
    const counts = Object.fromEntries(ACCOUNT_STATUSES.map((status) => [status, 0])) as Record<AccountStatus, number>;
    const byReason = new Map<string, number>();
    for (const { health, reason, count } of rows) {
      counts[statusOf(health)] += count;
      if (reason !== null) byReason.set(reason, (byReason.get(reason) ?? 0) + count);
    }
    return { counts, byReason: Object.fromEntries(byReason) };
  }
}
