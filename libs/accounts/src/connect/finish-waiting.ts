import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { LOGGER, type Logger } from '#observability';
import { claimDueCheck, Database, findAppsWithDueChecks, scheduleNextIdentityCheck } from '#persistence';
import { FinishAttempt } from './finish-attempt.js';

/** Apps that are served at the same time, and what one of them gets of a sweep. */
const LANES = 16;
const SHARE = 50;
const SHARE_OF_TIME = seconds(20);
const PAUSE_AFTER_ERROR_SECONDS = 5 * 60;

/** Finishes attempts whose token set waits for its person. Each app has its share: one that is stuck holds up no other. */
@Injectable()
export class FinishWaiting {
  constructor(
    private readonly database: Database,
    private readonly finish: FinishAttempt,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const apps = (await findAppsWithDueChecks(this.database.pool)).values();
    const lane = async (): Promise<void> => {
      for (const id of apps) await this.serve(id);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  private async serve(appId: string): Promise<void> {
    const time = AbortSignal.timeout(SHARE_OF_TIME);
    for (let served = 0; served < SHARE && !time.aborted; served += 1) {
      const attemptId = await claimDueCheck(this.database.pool, appId);
      if (attemptId === undefined) return;
      await this.tryOne(attemptId);
    }
  }

  private async tryOne(id: string): Promise<void> {
    try {
      await this.finish.execute(id);
    } catch (error) {
      this.logger.error({ err: error, attempt: id }, 'attempt.not_finished');
      await this.postpone(id);
    }
  }

  /** Counted as a check: attempts that fail every time would otherwise be the first of each sweep, and take its whole share. */
  private async postpone(id: string): Promise<void> {
    const next = { waitSeconds: PAUSE_AFTER_ERROR_SECONDS, error: 'server_error' } as const;
    await scheduleNextIdentityCheck(this.database.pool, id, next).catch((error: unknown) => {
      this.logger.error({ err: error, attempt: id }, 'attempt.not_postponed');
    });
  }
}
