import { Injectable } from '@nestjs/common';
import { Cursors } from '#crypto';
import {
  Database,
  type Environment,
  expireUnusedAttempts,
  newId,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { defaultProjectStays, projectInUse, projectNotFound, unknownProject } from '../accounts.errors.js';
import { closeRequestsOf } from '../leases/lease-requests.js';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';

/** A project as the API returns it. */
export interface ProjectRecord {
  id: string;
  name: string;
  externalRef: string | null;
  isDefault: boolean;
  createdAt: Date;
}

interface ProjectInput {
  tenant: Tenant;
  id: string;
}

export interface ListProjectsInput {
  tenant: Tenant;
  limit: number;
  cursor?: string;
}

/** Undefined: unchanged. */
export interface ProjectChanges {
  name?: string;
  externalRef?: string | null;
}

export interface NewProject extends ProjectChanges {
  tenant: Tenant;
  name: string;
  /** Runs in the transaction that stores the project. */
  alongside?: (tx: Tx, project: ProjectRecord) => Promise<void>;
}

const COLUMNS = `id, name, external_ref as "externalRef", is_default as "isDefault", created_at as "createdAt"`;
const OF_TENANT = 'workspace_id = $1 and environment = $2 and deleted_at is null';

const READ = `select ${COLUMNS} from projects where ${OF_TENANT} and id = $3`;
const INSERT = `
  insert into projects (id, workspace_id, environment, name, external_ref) values ($1, $2, $3, $4, $5)
  returning ${COLUMNS}`;
const CHANGE = `
  update projects set name = coalesce($4, name), external_ref = case when $5 then $6 else external_ref end
  where ${OF_TENANT} and id = $3 returning ${COLUMNS}`;
const LOCK = `select is_default as "isDefault" from projects where ${OF_TENANT} and id = $3 for update`;
const DELETE = 'update projects set deleted_at = db_now() where id = $1';
const HAS_ACCOUNTS = `select 1 from accounts where project_id = $1 and health <> 'disconnected' limit 1`;

/** The projects of a workspace in one environment: groups of accounts, one of them the default. */
@Injectable()
export class Projects {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  create({ tenant, name, externalRef, alongside }: NewProject): Promise<ProjectRecord> {
    return transaction(this.database.pool, async (tx) => {
      const values = [newId(), tenant.workspaceId, tenant.environment, name, externalRef ?? null];
      const { rows } = await tx.query<ProjectRecord & Record<string, unknown>>(INSERT, values);
      if (!rows[0]) throw new Error('a project was not stored');
      await alongside?.(tx, rows[0]);
      return rows[0];
    });
  }

  /** Newest first. Throws cursor.invalid. */
  async list({
    tenant,
    limit,
    cursor,
  }: ListProjectsInput): Promise<{ items: ProjectRecord[]; nextCursor: string | null }> {
    const scope = ['projects', tenant.workspaceId, tenant.environment];
    const from = readPosition(this.cursors, keysetPosition, { scope, cursor });
    const { rows } = await this.database.pool.query<ProjectRecord & { at: string }>(
      `select ${COLUMNS}, ${keysetTime('created_at')} as at from projects where ${OF_TENANT} ${from ? 'and (created_at, id) < ($4, $5)' : ''}
       order by created_at desc, id desc limit $3`,
      [tenant.workspaceId, tenant.environment, limit + 1, ...(from ? [from.at, from.id] : [])],
    );
    const { items, last } = cutPage(rows, limit);
    return { items, nextCursor: last ? this.cursors.write(scope, { at: last.at, id: last.id }) : null };
  }

  /** Throws project.unknown. */
  async get({ tenant, id }: ProjectInput): Promise<ProjectRecord> {
    const { rows } = await this.database.pool.query<ProjectRecord>(READ, [tenant.workspaceId, tenant.environment, id]);
    if (!rows[0]) throw projectNotFound();
    return rows[0];
  }

  /** Throws project.unknown. */
  async update({ tenant, id }: ProjectInput, { name, externalRef }: ProjectChanges): Promise<ProjectRecord> {
    const changes = [name ?? null, externalRef !== undefined, externalRef ?? null];
    const values = [tenant.workspaceId, tenant.environment, id, ...changes];
    const { rows } = await this.database.pool.query<ProjectRecord>(CHANGE, values);
    if (!rows[0]) throw projectNotFound();
    return rows[0];
  }

  /**
   * Connects, moves and new attempts hold a key-share lock of the project, so none is added while it is deleted. Accounts that
   * were disconnected before keep their history. Throws project.unknown, project.is_default and project.in_use.
   */
  async delete(project: ProjectInput): Promise<void> {
    await transaction(this.database.pool, (tx) => deleteProject(tx, project));
  }
}

async function deleteProject(tx: Tx, { tenant, id }: ProjectInput): Promise<void> {
  const { rows } = await tx.query<{ isDefault: boolean }>(LOCK, [tenant.workspaceId, tenant.environment, id]);
  if (!rows[0]) throw projectNotFound();
  if (rows[0].isDefault) throw defaultProjectStays();
  const accounts = await tx.query(HAS_ACCOUNTS, [id]);
  if (accounts.rowCount !== 0)
    throw projectInUse('Accounts are connected in this project; disconnect or move them first.');
  const open = await expireUnusedAttempts(tx, id);
  if (open > 0) throw projectInUse('An account is being connected in this project; try again when that has ended.');
  await closeRequestsOf(tx, id);
  await tx.query(DELETE, [id]);
}

const HOLD = `select id from projects where ${OF_TENANT} and id = $3 for key share`;

/** Holds a project until the end of the transaction, so that it is not deleted. Throws project.not_found. */
export async function holdProject(tx: Tx, { workspaceId, environment }: Tenant, id: string): Promise<void> {
  const { rowCount } = await tx.query(HOLD, [workspaceId, environment, id]);
  if (rowCount !== 1) throw unknownProject();
}

const INSERT_DEFAULT = `
  insert into projects (id, workspace_id, environment, name, is_default) values ($1, $2, $3, 'Default', true)
  on conflict (workspace_id, environment) where is_default do nothing`;

/** The project of a workspace that is used where none is named. Inserts nothing where there is one. */
export async function createDefaultProject(tx: Tx, workspaceId: string, environment: Environment): Promise<void> {
  await tx.query(INSERT_DEFAULT, [newId(), workspaceId, environment]);
}
