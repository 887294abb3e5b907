import { Injectable } from '@nestjs/common';
import { changeAccount, Database, type Tenant, transaction, type Tx, violates } from '#persistence';
import { accountConnectedThere, accountLeased, accountNotFound, invalidField } from '../accounts.errors.js';
import { AttemptTarget } from '../connect/attempt-target.js';
import type { AccountRecord } from './account-record.js';
import { GetAccount } from './get-account.js';

export interface UpdateAccountInput {
  tenant: Tenant;
  id: string;
  handle?: string;
  /** Merged into what is there; null takes a key away. */
  metadata?: Record<string, string | null>;
  projectId?: string;
}

const MOST_KEYS = 50;

/** Changes what the customer may say of an account: its handle, its metadata, the project it belongs to. */
@Injectable()
export class UpdateAccount {
  constructor(
    private readonly database: Database,
    private readonly target: AttemptTarget,
    private readonly getAccount: GetAccount,
  ) {}

  /** Throws account.not_found, also for a disconnected one, account.connected_there, account.leased and project.not_found. */
  async execute({ tenant, id, ...changes }: UpdateAccountInput): Promise<AccountRecord> {
    if (changes.projectId !== undefined) await this.target.project(tenant, changes.projectId);
    try {
      await transaction(this.database.pool, (tx) => update(tx, { tenant, id, ...changes }));
    } catch (error) {
      throw violates(error, 'accounts_one_a_profile') ? accountConnectedThere() : error;
    }
    return this.getAccount.execute({ tenant, id });
  }
}

async function update(tx: Tx, { tenant, id, ...changes }: UpdateAccountInput): Promise<void> {
  const changed = await changeAccount(tx, { ...tenant, id }, changes);
  if (!changed) throw accountNotFound();
  if (changes.projectId !== undefined && changed.connectionType === 'leased') throw accountLeased();
  checkKeys(changes.metadata ?? {}, changed.keys);
}

/** Whoever has too many for another reason may still change the rest, and take some away. */
function checkKeys(metadata: Record<string, string | null>, keys: number): void {
  const adds = Object.values(metadata).some((value) => value !== null);
  if (adds && keys > MOST_KEYS) throw invalidField('metadata', `must have at most ${MOST_KEYS} keys`);
}
