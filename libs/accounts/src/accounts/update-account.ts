import { Injectable } from '@nestjs/common';
import { changeAccount, Database, type Tenant, transaction, type Tx, violates } from '#persistence';
import { accountConnectedThere, accountLeased, accountNotFound, invalidField } from '../accounts.errors.js';
import { holdProject } from '../projects/projects.js';
import type { AccountRecord } from './account-record.js';
import { GetAccount } from './get-account.js';

export interface UpdateAccountInput {
  tenant: Tenant;
  id: string;
  handle?: string;
  /** Merged into the stored metadata; null removes a key. */
  metadata?: Record<string, string | null>;
  projectId?: string;
}

const MAX_KEYS = 50;

/** Changes the handle, the metadata or the project of an account. */
@Injectable()
export class UpdateAccount {
  constructor(
    private readonly database: Database,
    private readonly getAccount: GetAccount,
  ) {}

  /** Throws account.not_found, also for a disconnected account, account.connected_there, account.leased and project.not_found. */
  async execute({ tenant, id, ...changes }: UpdateAccountInput): Promise<AccountRecord> {
    try {
      await transaction(this.database.pool, (tx) => update(tx, { tenant, id, ...changes }));
    } catch (error) {
      throw violates(error, 'accounts_one_a_profile') ? accountConnectedThere() : error;
    }
    return this.getAccount.execute({ tenant, id });
  }
}

async function update(tx: Tx, { tenant, id, ...changes }: UpdateAccountInput): Promise<void> {
  const { projectId } = changes;
  if (projectId !== undefined) await holdProject(tx, tenant, projectId);
  const changed = await changeAccount(tx, { ...tenant, id }, changes);
  if (!changed) throw accountNotFound();
  if (projectId !== undefined && changed.projectId !== projectId) throw accountLeased();
  checkKeys(changes.metadata ?? {}, changed.keys);
}

/** An account with more keys for another reason may still change and remove keys. */
function checkKeys(metadata: Record<string, string | null>, keys: number): void {
  const adds = Object.values(metadata).some((value) => value !== null);
  if (adds && keys > MAX_KEYS) throw invalidField('metadata', `must have at most ${MAX_KEYS} keys`);
}
