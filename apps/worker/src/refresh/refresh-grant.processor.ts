import { RefreshGrant } from '#accounts';
import { grantRefresh, type PayloadOf } from '#jobs';
import { LOGGER, type Logger } from '#observability';
import { Inject } from '@nestjs/common';
import { Handles } from '../runtime/handles.js';

/** Refreshes one grant that is due. A failure at the platform is an outcome, stored with its own next time, and fails no job. */
@Handles(grantRefresh)
export class RefreshGrantProcessor {
  constructor(
    private readonly refreshGrant: RefreshGrant,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ grantId }: PayloadOf<typeof grantRefresh>): Promise<void> {
    const { kind } = await this.refreshGrant.execute(grantId);
    this.logger.info({ grant: grantId, outcome: kind }, 'refresh');
  }
}
