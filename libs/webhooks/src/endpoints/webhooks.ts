import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { hours } from '#config';
import { SealBroken } from '#crypto';
import { Secret } from '#observability';
import { OutboundClient } from '#outbound';
import { Database, type Environment, newId, type Tenant, transaction, type Tx } from '#persistence';
import { Vault } from '#tokens';
import { exhaustWaiting, makeDue } from '../delivery/lanes.js';
import { projectUnknown, urlRefused, webhookLimitReached, webhookNotFound } from '../webhooks.errors.js';

/** An endpoint without its secrets. */
export interface WebhookRecord extends Tenant {
  id: string;
  environment: Environment;
  url: string;
  description: string | null;
  /** Types of events, or `*`: all but those that must be named. */
  events: string[];
  filterProvider: string | null;
  filterProjectId: string | null;
  status: 'active' | 'paused' | 'disabled';
  pausedReason: string | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  consecutiveFailures: number;
  createdAt: Date;
  /** Whether the secret before the present one signs, too. */
  hasPreviousSecret: boolean;
}

export interface WebhookInput {
  url: string;
  events: readonly string[];
  description: string | null;
  filterProvider: string | null;
  filterProjectId: string | null;
}

export interface WebhookChange extends Partial<WebhookInput> {
  status?: 'active' | 'disabled' | undefined;
}

/** Runs in the transaction of the change. */
type Alongside = (tx: Tx) => Promise<void>;

const MAX_WEBHOOKS = 50;
/** How long the secret before the present one signs, too. */
const ROTATION = hours(24);

const COLUMNS = `
  webhooks.id, webhooks.workspace_id as "workspaceId", webhooks.environment, webhooks.url, webhooks.description, webhooks.events,
  webhooks.filter_provider as "filterProvider", webhooks.filter_project_id as "filterProjectId", webhooks.status,
  webhooks.paused_reason as "pausedReason", webhooks.last_success_at as "lastSuccessAt", webhooks.last_failure_at as "lastFailureAt",
  webhooks.consecutive_failures as "consecutiveFailures", webhooks.created_at as "createdAt",
  coalesce(webhooks.previous_secret_until > db_now(), false) as "hasPreviousSecret"`;
const OF_TENANT = 'workspace_id = $1 and environment = $2 and deleted_at is null';
const ONE = `select ${COLUMNS} from webhooks where ${OF_TENANT} and id = $3`;
const ALL = `select ${COLUMNS} from webhooks where ${OF_TENANT} order by created_at, id`;
/** The lock serialises creations, so that the limit holds. */
const LOCK = `select pg_advisory_xact_lock(hashtextextended('webhooks/' || $1 || '/' || $2, 0))`;
const INSERT = `
  insert into webhooks (id, workspace_id, environment, url, events, description, filter_provider, filter_project_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${COLUMNS}`;
const UPDATE = `
  update webhooks set url = $4, events = $5, description = $6, filter_provider = $7, filter_project_id = $8
  where ${OF_TENANT} and id = $3`;
/** Failures before do not count against an endpoint that its owner has activated. */
const ACTIVATE = `
  update webhooks set status = 'active', paused_reason = null, paused_at = null, next_try_at = null, consecutive_failures = 0
  where ${OF_TENANT} and id = $3 and status <> 'active' returning id`;
const DISABLE = `
  update webhooks set status = 'disabled', paused_reason = 'by_request', paused_at = null, next_try_at = null
  where ${OF_TENANT} and id = $3 and status <> 'disabled' returning id`;

/** The row stays for the transactions that queue an event for it now; `deleteRemoved` deletes it later. */
const REMOVE = `update webhooks set status = 'disabled', deleted_at = db_now() where id = $1`;
const DELETE_REMOVED = `delete from webhooks where deleted_at < db_now() - interval '1 hour'`;

/** Deletes the rows of endpoints that were removed. Returns how many. */
export async function deleteRemoved(tx: Tx): Promise<number> {
  return (await tx.query(DELETE_REMOVED)).rowCount ?? 0;
}

/** A tenant's endpoints. */
@Injectable()
export class Webhooks {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    @Inject(OutboundClient) private readonly outbound: Pick<OutboundClient, 'check'>,
  ) {}

  async list({ workspaceId, environment }: Tenant): Promise<WebhookRecord[]> {
    return (await this.database.pool.query<WebhookRecord>(ALL, [workspaceId, environment])).rows;
  }

  /** Throws webhook.not_found. */
  async get(tenant: Tenant, id: string): Promise<WebhookRecord> {
    return readWebhook(this.database.pool, tenant, id);
  }

  /** Throws webhook.url_refused, webhook.limit_reached and project.not_found. */
  async create(
    tenant: Tenant,
    input: WebhookInput,
    alongside: Alongside,
  ): Promise<{ webhook: WebhookRecord; secret: Secret }> {
    await this.checkUrl(tenant, input.url);
    const { workspaceId, environment } = tenant;
    const secret = newSigningSecret();
    const webhook = await transaction(this.database.pool, async (tx) => {
      await tx.query(LOCK, [workspaceId, environment]);
      const { rows } = await tx.query<WebhookRecord>(ALL, [workspaceId, environment]);
      if (rows.length >= MAX_WEBHOOKS) throw webhookLimitReached(MAX_WEBHOOKS);
      await checkProject(tx, tenant, input.filterProjectId);
      const made = await tx.query<WebhookRecord>(INSERT, [newId(), workspaceId, environment, ...valuesOf(input)]);
      const [row] = made.rows as [WebhookRecord];
      await this.vault.sealWebhookSecrets(tx, row, { secret, previous: null });
      await alongside(tx);
      return row;
    });
    return { webhook, secret };
  }

  /** Throws webhook.not_found, webhook.url_refused and project.not_found. */
  async update(tenant: Tenant, id: string, { status, ...change }: WebhookChange): Promise<WebhookRecord> {
    await this.get(tenant, id);
    if (change.url !== undefined) await this.checkUrl(tenant, change.url);
    return transaction(this.database.pool, async (tx) => {
      const before = await readWebhook(tx, tenant, id, { locked: true });
      if (change.filterProjectId !== undefined) await checkProject(tx, tenant, change.filterProjectId);
      const place = [tenant.workspaceId, tenant.environment, id];
      await tx.query(UPDATE, [...place, ...valuesOf({ ...before, ...withoutUndefined(change) })]);
      if (status === 'active' && (await tx.query(ACTIVATE, place)).rowCount) await makeDue(tx, id);
      if (status === 'disabled' && (await tx.query(DISABLE, place)).rowCount) await exhaustWaiting(tx, id);
      return readWebhook(tx, tenant, id);
    });
  }

  /** Nothing that waits for it is sent any more. Throws webhook.not_found. */
  async remove(tenant: Tenant, id: string): Promise<void> {
    await transaction(this.database.pool, async (tx) => {
      await readWebhook(tx, tenant, id, { locked: true });
      await tx.query(REMOVE, [id]);
      await this.vault.shredWebhookSecrets(tx, id);
      await exhaustWaiting(tx, id);
    });
  }

  /**
   * The secret before signs, too, for 24 hours; one that does not open is replaced at once. One that still signed before that
   * ends now. Throws webhook.not_found.
   */
  async rotateSecret(
    tenant: Tenant,
    id: string,
    alongside: Alongside,
  ): Promise<{ secret: Secret; previousUntil: Date }> {
    const secret = newSigningSecret();
    const previousUntil = await transaction(this.database.pool, async (tx) => {
      const webhook = await readWebhook(tx, tenant, id, { locked: true });
      const before = await this.vault.openWebhookSecrets(tx, webhook).catch(noneIfBroken);
      await this.vault.sealWebhookSecrets(tx, webhook, { secret, previous: before?.secret ?? null });
      const { rows } = await tx.query<{ until: Date }>(
        `update webhooks set previous_secret_until = db_now() + make_interval(secs => $2) where id = $1
         returning previous_secret_until as until`,
        [id, ROTATION / 1_000],
      );
      await alongside(tx);
      return rows[0]?.until ?? new Date();
    });
    return { secret, previousUntil };
  }

  private async checkUrl({ environment }: Tenant, url: string): Promise<void> {
    const refusal = await this.outbound.check(url, { allowHttp: environment === 'test' });
    if (refusal) throw urlRefused(refusal);
  }
}

function noneIfBroken(error: unknown): null {
  if (error instanceof SealBroken) return null;
  throw error;
}

/** 24 random bytes, the default size of Standard Webhooks. */
const newSigningSecret = (): Secret => new Secret(`whsec_${randomBytes(24).toString('base64')}`);

const valuesOf = (input: WebhookInput): unknown[] => [
  input.url,
  input.events,
  input.description,
  input.filterProvider,
  input.filterProjectId,
];

const withoutUndefined = <Values extends object>(values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;

/** Throws webhook.not_found. */
export async function readWebhook(
  tx: Tx,
  { workspaceId, environment }: Tenant,
  id: string,
  { locked = false } = {},
): Promise<WebhookRecord> {
  const sql = locked ? `${ONE} for no key update` : ONE;
  const { rows } = await tx.query<WebhookRecord>(sql, [workspaceId, environment, id]);
  if (!rows[0]) throw webhookNotFound();
  return rows[0];
}

async function checkProject(tx: Tx, { workspaceId, environment }: Tenant, id: string | null): Promise<void> {
  if (id === null) return;
  const { rowCount } = await tx.query(`select from projects where workspace_id = $1 and environment = $2 and id = $3`, [
    workspaceId,
    environment,
    id,
  ]);
  if (rowCount === 0) throw projectUnknown();
}
