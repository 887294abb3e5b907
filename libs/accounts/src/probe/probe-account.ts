import { Inject, Injectable } from '@nestjs/common';
import { probeAccount, type ProbeOutcome, type Room } from '#tokens';
import { ROOM } from '../injection.js';

/** Asks the platform how one account is; what it says is stored, and health follows. */
@Injectable()
export class ProbeAccount {
  constructor(@Inject(ROOM) private readonly room: Room) {}

  execute(accountId: string): Promise<ProbeOutcome> {
    return probeAccount(this.room, accountId);
  }
}
