import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which apps have a secret that their platform has not accepted yet, and until when one request has the turn to use it. The
 * previous release neither reads nor writes the column.
 */
export class UnconfirmedSecrets implements MigrationInterface {
  readonly name = 'UnconfirmedSecrets1796057370000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table oauth_apps add secret_turn_until timestamptz;
      create index oauth_apps_unconfirmed_secret on oauth_apps (secret_turn_until) where secret_turn_until is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table oauth_apps drop secret_turn_until');
  }
}
