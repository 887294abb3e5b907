import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { LOGGER, type Logger } from '#observability';
import { claimDueCheck, Database, findAppsWithDueChecks, scheduleNextIdentityCheck } from '#persistence';
import { FinishAttempt } from './finish-attempt.js';

/** Apps of one platform that are served at the same time. */
const MAX_CONCURRENT_APPS = 16;
/** What one app gets of a sweep. */
const MAX_ATTEMPTS_PER_APP = 50;
const MAX_TIME_PER_APP = seconds(20);
const PAUSE_AFTER_ERROR_SECONDS = 5 * 60;

/**
 * Finishes attempts whose person was not identified yet. Each app has its share, so a stuck app delays no other; each platform
 * is called beside the others, so the apps of one that hangs delay none of another.
 */
@Injectable()
export class FinishWaiting {
  constructor(
    private readonly database: Database,
    private readonly finish: FinishAttempt,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const platforms = new Map<string, string[]>();
    for (const { id, platform } of await findAppsWithDueChecks(this.database.pool))
      platforms.set(platform, [...(platforms.get(platform) ?? []), id]);
    await Promise.all([...platforms.values()].map((apps) => this.servePlatform(apps.values())));
  }

  private async servePlatform(apps: IterableIterator<string>): Promise<void> {
    const lane = async (): Promise<void> => {
      for (const id of apps) await this.serve(id);
    };
    await Promise.all(Array.from({ length: MAX_CONCURRENT_APPS }, lane));
  }

  private async serve(appId: string): Promise<void> {
    const time = AbortSignal.timeout(MAX_TIME_PER_APP);
    for (let served = 0; served < MAX_ATTEMPTS_PER_APP && !time.aborted; served += 1) {
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
