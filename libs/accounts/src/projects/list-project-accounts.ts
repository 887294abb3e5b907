import { Injectable } from '@nestjs/common';
import type { Tenant } from '#persistence';
import type { AccountRecord } from '../accounts/account-record.js';
import { ListAccounts } from '../accounts/list-accounts.js';
import { type AccountStatus, healthsOf } from './account-status.js';
import { Projects } from './projects.js';

export interface ListProjectAccountsInput {
  tenant: Tenant;
  projectId: string;
  provider?: string;
  /** Default: every status but `disconnected`. */
  status?: AccountStatus;
  isLeased?: boolean;
  limit: number;
  cursor?: string;
}

/** Lists the accounts of one project, newest first, without a count. */
@Injectable()
export class ListProjectAccounts {
  constructor(
    private readonly projects: Projects,
    private readonly listAccounts: ListAccounts,
  ) {}

  /** Throws project.unknown and cursor.invalid. */
  async execute(input: ListProjectAccountsInput): Promise<{ items: AccountRecord[]; nextCursor: string | null }> {
    const { tenant, projectId, provider, status, isLeased, limit, cursor } = input;
    const filters = { projectId, provider, isLeased, ...(status && { healths: healthsOf(status) }) };
    const page = await this.listAccounts.execute({ tenant, filters, limit, cursor, isCounted: false });
    // A project with connected accounts cannot be deleted, so such a page needs no second query.
    if (status === 'disconnected' || page.items.length === 0) await this.projects.get({ tenant, id: projectId });
    return page;
  }
}
