import { Injectable } from '@nestjs/common';
import { Database } from '#persistence';

const FORGET = `
  delete from idempotency_keys where id in (
    select id from idempotency_keys where created_at <= db_now() - interval '24 hours' limit 5000)`;

/** Forgets which requests were repeatable a day ago: their keys count for nothing any more. */
@Injectable()
export class ForgetIdempotencyKeys {
  constructor(private readonly database: Database) {}

  async execute(): Promise<void> {
    await this.database.pool.query(FORGET);
  }
}
