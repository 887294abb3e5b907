import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
  create table pool_accounts (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    provider text not null,
    account_id uuid references accounts,
    attempt_id uuid references connect_attempts on delete set null,
    state text not null default 'pending' check (state in ('pending', 'provisioning', 'ready', 'failed')),
    steps jsonb not null default '[]',
    created_at timestamptz not null default db_now()
  );
  create unique index pool_accounts_one_an_account on pool_accounts (account_id);
  create index pool_accounts_of_attempt on pool_accounts (attempt_id);
  create index pool_accounts_newest on pool_accounts (environment, created_at desc, id desc);
  create table lease_requests (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    project_id uuid not null references projects,
    provider text not null,
    count integer not null check (count between 1 and 50),
    niche text,
    note text,
    status text not null default 'requested' check (status in ('requested', 'assigned', 'partial', 'rejected')),
    reason text,
    created_at timestamptz not null default db_now()
  );
  create index lease_requests_newest on lease_requests (environment, created_at desc, id desc);
  create table leases (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    request_id uuid not null references lease_requests,
    pool_account_id uuid not null references pool_accounts,
    account_id uuid not null references accounts,
    started_at timestamptz not null default db_now(),
    ended_at timestamptz
  );
  create unique index leases_one_open on leases (pool_account_id) where ended_at is null;
  create unique index leases_one_an_account on leases (account_id);
  create index leases_of_request on leases (request_id)`;

/**
 * The pool of the installation, requests for its accounts, and their leases. A lease is an account of its own in the workspace
 * that requested it; its grant stays in the reserved workspace. The previous release reads such an account as any leased one.
 */
export class LeasedAccounts implements MigrationInterface {
  readonly name = 'LeasedAccounts1796066400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table leases, lease_requests, pool_accounts');
  }
}
