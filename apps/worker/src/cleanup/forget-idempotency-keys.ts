import { Injectable } from '@nestjs/common';
import { Database, deleteOldIdempotencyKeys } from '#persistence';

/** Deletes idempotency keys that have expired. */
@Injectable()
export class ForgetIdempotencyKeys {
  constructor(private readonly database: Database) {}

  async execute(): Promise<void> {
    await deleteOldIdempotencyKeys(this.database.pool);
  }
}
