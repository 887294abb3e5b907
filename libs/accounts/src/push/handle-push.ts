import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { Database } from '#persistence';
import type { PushCall } from '#providers';
import { type PushApp, PushApps, type PushTarget } from './push-apps.js';
import { TakeNotice } from './take-notice.js';

/** A call to one of the URLs that platforms know, as it came. */
export interface IncomingPush extends PushTarget, Pick<PushCall, 'topic' | 'headers'> {}

export type PushOutcome =
  /** No app that we know signed it: nothing was stored, and nobody is told why. */
  | { kind: 'untrusted' }
  | { kind: 'taken' }
  /** A person's data were destroyed; with the code it can be read that they were. */
  | { kind: 'deleted'; confirmationCode: string };

/** Takes a platform's word for it, once its signature is verified. */
@Injectable()
export class HandlePush {
  constructor(
    private readonly database: Database,
    private readonly apps: PushApps,
    private readonly notice: TakeNotice,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ topic, headers, ...target }: IncomingPush): Promise<PushOutcome> {
    const call: PushCall = { topic, headers, body: target.body, now: await this.now() };
    const signers = (await this.apps.find(target)).filter((app) => isGenuine(app, call));
    if (signers.length === 0) {
      this.logger.info({ oauthAppId: target.oauthAppId }, 'a push that no app has signed');
      return { kind: 'untrusted' };
    }
    const codes = [];
    for (const app of signers) codes.push(await this.take(app, call));
    const confirmationCode = codes.find((code) => code !== undefined);
    return confirmationCode === undefined ? { kind: 'taken' } : { kind: 'deleted', confirmationCode };
  }

  private async take(app: PushApp, call: PushCall): Promise<string | undefined> {
    const notice = app.provider.push.read(call);
    return notice && this.notice.execute({ app, notice, body: call.body });
  }

  private async now(): Promise<Date> {
    const { rows } = await this.database.pool.query<{ now: Date }>('select db_now() as now');
    return rows[0]?.now ?? new Date(NaN);
  }
}

function isGenuine({ provider: { push }, credentials }: PushApp, call: PushCall): boolean {
  const isOurUrl = call.topic === null ? push.topics === undefined : push.topics?.includes(call.topic);
  return isOurUrl === true && push.isGenuine(call, credentials);
}
