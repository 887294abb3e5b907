import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Grants of credentials that a client supplied. They have no `platform_user_id`: that keeps them out of
 * `grants_one_a_person`, which the previous release needs as it is for its consents.
 */
export class ManualGrants implements MigrationInterface {
  readonly name = 'ManualGrants1796044949058';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table grants alter platform_user_id drop not null, add manual_user_id text,
        add constraint grants_one_person check (platform_user_id is null or manual_user_id is null);
      create index grants_of_manual_user on grants (manual_user_id, oauth_app_id) where manual_user_id is not null;
      create unique index accounts_one_a_manual_grant on accounts (grant_id)
        where connection_type = 'manual' and health <> 'disconnected';
      alter table accounts
        drop constraint accounts_probe_class_check,
        add constraint accounts_probe_class_check check (
          probe_class in ('unverified', 'suspected', 'permanent', 'owner', 'permission'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      update accounts set probe_class = null, probe_reason = null where probe_class = 'unverified';
      alter table accounts
        drop constraint accounts_probe_class_check,
        add constraint accounts_probe_class_check check (probe_class in ('suspected', 'permanent', 'owner', 'permission'));
      drop index accounts_one_a_manual_grant;
      drop index grants_of_manual_user;
      alter table grants drop constraint grants_one_person, drop manual_user_id;
      update grants set platform_user_id = id::text where platform_user_id is null;
      alter table grants alter platform_user_id set not null`);
  }
}
