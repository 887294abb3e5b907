import { Injectable } from '@nestjs/common';
import { Database } from '#persistence';

const CODE = /^[0-9A-F]{20}$/i;

/** Reads when the deletion of a confirmation code was done. */
@Injectable()
export class ReadDeletion {
  constructor(private readonly database: Database) {}

  /** Undefined: no deletion has this code. */
  async execute(confirmationCode: string): Promise<Date | undefined> {
    if (!CODE.test(confirmationCode)) return undefined;
    const { rows } = await this.database.pool.query<{ at: Date }>(
      'select completed_at as at from data_deletions where confirmation_code = $1',
      [confirmationCode.toUpperCase()],
    );
    return rows[0]?.at;
  }
}
