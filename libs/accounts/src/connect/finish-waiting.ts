import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { LOGGER, type Logger } from '#observability';
import { Database } from '#persistence';
import { FinishAttempt } from './finish-attempt.js';

/** Apps that are served at the same time, and what one of them gets of a sweep. */
const LANES = 16;
const SHARE = 50;
const SHARE_OF_TIME = seconds(20);

/** An attempt that was never looked at belongs to the process that exchanged its code, for so long. */
const DUE = `status = 'exchanged' and coalesce(look_due_at, exchanged_at + interval '30 seconds') <= db_now()`;

/** Those that were asked about least come first: what is stuck must not stand before what is new. */
const APPS = `select oauth_app_id as id from connect_attempts where ${DUE} group by 1 order by min(looks), min(exchanged_at)`;
const TAKE = `
  update connect_attempts set look_due_at = db_now() + interval '2 minutes' where id = (
    select id from connect_attempts where oauth_app_id = $1 and ${DUE} order by looks, exchanged_at limit 1 for update skip locked)
  returning id`;

/** Finishes attempts whose token set waits for its person. Each app has its share: one that is stuck holds up no other. */
@Injectable()
export class FinishWaiting {
  constructor(
    private readonly database: Database,
    private readonly finish: FinishAttempt,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const { rows } = await this.database.pool.query<{ id: string }>(APPS);
    const apps = rows.values();
    const lane = async (): Promise<void> => {
      for (const { id } of apps) await this.serve(id);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  private async serve(appId: string): Promise<void> {
    const time = AbortSignal.timeout(SHARE_OF_TIME);
    for (let served = 0; served < SHARE && !time.aborted; served += 1) {
      const { rows } = await this.database.pool.query<{ id: string }>(TAKE, [appId]);
      if (!rows[0]) return;
      await this.tryOne(rows[0].id);
    }
  }

  private async tryOne(id: string): Promise<void> {
    try {
      await this.finish.execute(id);
    } catch (error) {
      this.logger.error({ err: error, attempt: id }, 'an attempt could not be finished');
    }
  }
}
