import { Inject, Injectable } from '@nestjs/common';
import { sweepBrokenSeals, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';

/** Reopens the sealed rows that did not open: a key may have been restored, or the row. */
@Injectable()
export class SweepBrokenSeals {
  constructor(@Inject(TOKEN_CONTEXT) private readonly context: TokenContext) {}

  /** Returns how many rows open again or are gone. */
  execute(): Promise<number> {
    return sweepBrokenSeals(this.context);
  }
}
