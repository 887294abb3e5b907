import type { MigrationInterface, QueryRunner } from 'typeorm';
import { clock } from './foundation/clock.js';
import { connect } from './foundation/connect.js';
import { deletions } from './foundation/deletions.js';
import { grants } from './foundation/grants.js';
import { history } from './foundation/history.js';
import { idempotency } from './foundation/idempotency.js';
import { limits } from './foundation/limits.js';
import { tenants } from './foundation/tenants.js';

const parts = [clock, tenants, connect, grants, history, idempotency, limits, deletions];

/** The first tables: everything later stands on them. */
export class Foundation implements MigrationInterface {
  readonly name = 'Foundation1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of parts) await runner.query(part.up);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const part of parts.toReversed()) await runner.query(part.down);
  }
}
