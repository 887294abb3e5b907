import { Inject } from '@nestjs/common';
import { ProbeAccount } from '#accounts';
import { accountProbe, type PayloadOf } from '#jobs';
import { LOGGER, type Logger } from '#observability';
import { Handles } from '../runtime/handles.js';

/** Probes one account. A platform that fails is an outcome and fails no job. */
@Handles(accountProbe)
export class ProbeAccountProcessor {
  constructor(
    private readonly probeAccount: ProbeAccount,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ accountId }: PayloadOf<typeof accountProbe>): Promise<void> {
    this.logger.info({ account: accountId, outcome: await this.probeAccount.execute(accountId) }, 'probe');
  }
}
