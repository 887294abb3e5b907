import { Injectable } from '@nestjs/common';
import { Cursors } from '#crypto';
import { Database, type Environment, newId, type Tenant, transaction, type Tx } from '#persistence';
import { leaseRequestClosed, leaseRequestNotFound, projectNotFound } from '../accounts.errors.js';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';
import { knownProvider } from '../policies/known-provider.js';

export const LEASE_REQUEST_STATUSES = ['requested', 'assigned', 'partial', 'rejected'] as const;
export type LeaseRequestStatus = (typeof LEASE_REQUEST_STATUSES)[number];

/** A project's request for leased accounts. */
export interface LeaseRequestRecord extends Tenant {
  id: string;
  /** The name of the workspace, for the operator. */
  workspace: string;
  projectId: string;
  provider: string;
  count: number;
  niche: string | null;
  note: string | null;
  status: LeaseRequestStatus;
  /** Why it was rejected, or closed with a part of its accounts. */
  reason: string | null;
  /** The accounts of its leases, released ones included. */
  accountIds: string[];
  createdAt: Date;
  /** Since then it gets no more accounts. */
  closedAt: Date | null;
}

export interface NewLeaseRequest {
  tenant: Tenant;
  projectId: string;
  provider: string;
  count: number;
  niche?: string | undefined;
  note?: string | undefined;
  /** Runs in the transaction that stores the request. */
  alongside?: (tx: Tx, id: string) => Promise<void>;
}

interface RequestInput {
  tenant: Tenant;
  projectId: string;
  id: string;
}

interface ListInput {
  environment: Environment;
  status?: LeaseRequestStatus | undefined;
  /** Only requests that get more accounts, or only others. */
  isOpen?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

interface RequestPage {
  items: LeaseRequestRecord[];
  nextCursor: string | null;
}

const SELECT = `
  select request.id, request.workspace_id as "workspaceId", request.environment, workspaces.name as workspace,
    request.project_id as "projectId", request.provider, request.count, request.niche, request.note, request.status,
    request.reason, request.closed_at as "closedAt", request.created_at as "createdAt",
    array(select account_id from leases where request_id = request.id order by started_at, id) as "accountIds",
    ${keysetTime('request.created_at')} as at
  from lease_requests request join workspaces on workspaces.id = request.workspace_id`;

const HOLD_PROJECT = `
  select 1 from projects where workspace_id = $1 and environment = $2 and id = $3 and deleted_at is null for key share`;
const INSERT = `
  insert into lease_requests (id, workspace_id, environment, project_id, provider, count, niche, note)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;
const LOCK = 'select 1 from lease_requests where environment = $1 and id = $2 for update';
/** A statement of its own, so that it sees the leases of the transaction that held the lock before. */
const READ_LOCKED = `${SELECT} where request.environment = $1 and request.id = $2`;
const CHANGE = `
  update lease_requests set status = $2, reason = $3, closed_at = case when $4 then db_now() end where id = $1
  returning closed_at as "closedAt"`;
/** An open request is requested or partial. */
const CLOSE_OF_PROJECT = `
  update lease_requests set status = case status when 'requested' then 'rejected' else status end, reason = $2, closed_at = db_now()
  where project_id = $1 and closed_at is null`;

/** Requests of projects for accounts of the pool. */
@Injectable()
export class LeaseRequests {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  /** Returns the id of the stored request. Throws project.unknown. */
  create({ tenant, projectId, provider, count, niche, note, alongside }: NewLeaseRequest): Promise<string> {
    knownProvider(provider, tenant.environment);
    const { workspaceId, environment } = tenant;
    return transaction(this.database.pool, async (tx) => {
      const { rowCount } = await tx.query(HOLD_PROJECT, [workspaceId, environment, projectId]);
      if (rowCount !== 1) throw projectNotFound();
      const id = newId();
      const request = [provider, count, niche ?? null, note ?? null];
      await tx.query(INSERT, [id, workspaceId, environment, projectId, ...request]);
      await alongside?.(tx, id);
      return id;
    });
  }

  /** Throws lease_request.not_found. */
  async get({ tenant: { workspaceId, environment }, projectId, id }: RequestInput): Promise<LeaseRequestRecord> {
    const { rows } = await this.database.pool.query<LeaseRequestRecord>(
      `${SELECT} where request.workspace_id = $1 and request.environment = $2 and request.project_id = $3 and request.id = $4`,
      [workspaceId, environment, projectId, id],
    );
    if (!rows[0]) throw leaseRequestNotFound();
    return rows[0];
  }

  /** Of every workspace in one environment, newest first. Throws cursor.invalid. */
  async list({ environment, status, isOpen, limit, cursor }: ListInput): Promise<RequestPage> {
    const filters = [status ?? null, isOpen ?? null];
    const scope = ['lease-requests', environment, ...filters];
    const from = readPosition(this.cursors, keysetPosition, { scope, cursor });
    const { rows } = await this.database.pool.query<LeaseRequestRecord & { at: string }>(
      `${SELECT} where request.environment = $1 and ($2::text is null or request.status = $2)
         and ($3::boolean is null or (request.closed_at is null) = $3)
       ${from ? 'and (request.created_at, request.id) < ($5, $6)' : ''}
       order by request.created_at desc, request.id desc limit $4`,
      [environment, ...filters, limit + 1, ...(from ? [from.at, from.id] : [])],
    );
    const { items, last } = cutPage(rows, limit);
    return { items, nextCursor: last ? this.cursors.write(scope, { at: last.at, id: last.id }) : null };
  }

  /**
   * Closes a request: no more accounts are assigned to it. What was assigned stays, and the request `partial`. Throws
   * lease_request.not_found and lease_request.closed.
   */
  reject(environment: Environment, id: string, reason: string): Promise<LeaseRequestRecord> {
    return transaction(this.database.pool, async (tx) => {
      const request = await lockLeaseRequest(tx, environment, id);
      checkOpen(request);
      const status = request.accountIds.length === 0 ? 'rejected' : 'partial';
      return changeLeaseRequest(tx, { ...request, status, reason }, { isClosed: true });
    });
  }
}

/** Throws lease_request.not_found. */
export async function lockLeaseRequest(tx: Tx, environment: Environment, id: string): Promise<LeaseRequestRecord> {
  await tx.query(LOCK, [environment, id]);
  const { rows } = await tx.query<LeaseRequestRecord & Record<string, unknown>>(READ_LOCKED, [environment, id]);
  if (!rows[0]) throw leaseRequestNotFound();
  return rows[0];
}

/** Throws lease_request.closed. */
export function checkOpen({ status, closedAt }: LeaseRequestRecord): void {
  if (closedAt === null) return;
  throw leaseRequestClosed(
    status === 'partial' ? 'The lease request is closed.' : `The lease request is ${status} already.`,
  );
}

/** Stores the status and the reason of a request. */
export async function changeLeaseRequest(
  tx: Tx,
  request: LeaseRequestRecord,
  { isClosed }: { isClosed: boolean },
): Promise<LeaseRequestRecord> {
  const { id, status, reason } = request;
  const { rows } = await tx.query<{ closedAt: Date | null }>(CHANGE, [id, status, reason, isClosed]);
  return { ...request, closedAt: rows[0]?.closedAt ?? null };
}

/** Closes what a project still waits for, in the transaction that deletes it. */
export async function closeRequestsOf(tx: Tx, projectId: string): Promise<void> {
  await tx.query(CLOSE_OF_PROJECT, [projectId, 'The project was deleted.']);
}
