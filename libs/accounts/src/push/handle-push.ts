import { Inject, Injectable } from '@nestjs/common';
import { type Duration, seconds } from '#config';
import { LOGGER, type Logger } from '#observability';
import { Database } from '#persistence';
import { type PushCall, type PushingProvider, pushingProviders, readNotice } from '#providers';
import { ApplyPlatformNotice } from './apply-platform-notice.js';
import { type PushApp, PushApps } from './push-apps.js';

/** A call of a platform, as received. */
export interface IncomingPush extends Omit<PushCall, 'now'>, Target {}

interface Target {
  family: string;
  /** From the URL, where it names the app. */
  oauthAppId?: string | undefined;
}

export type PushOutcome =
  /** No registered app signed it: nothing is stored, and the caller gets no reason. */
  | { kind: 'untrusted' }
  | { kind: 'taken' }
  /** A person's data was erased; the code confirms it. */
  | { kind: 'deleted'; confirmationCode: string };

/** How long one reading of the database's clock is used: a flood of calls costs one query per second. */
const CLOCK_LIFETIME: Duration = seconds(1);

/** Verifies the signature of a platform's call and applies its notice. */
@Injectable()
export class HandlePush {
  #clock: { time: Promise<number>; readAt: number } | undefined;

  constructor(
    private readonly database: Database,
    private readonly apps: PushApps,
    private readonly applyNotice: ApplyPlatformNotice,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ family, oauthAppId, ...incoming }: IncomingPush): Promise<PushOutcome> {
    const called = pushingProviders(family).filter(({ push }) => isOurUrl(push.topics, incoming.topic));
    if (called.length === 0) return { kind: 'untrusted' };
    const call: PushCall = { ...incoming, now: await this.now() };
    const plausible = called.filter(({ push }) => push.isPlausible(call));
    const signers = await this.signersOf(call, plausible, { family, oauthAppId });
    if (signers.length === 0) {
      this.logger.info({ oauthApp: oauthAppId }, 'push.unsigned');
      return { kind: 'untrusted' };
    }
    const codes = [];
    for (const app of signers) codes.push(await this.take(app, call));
    const confirmationCode = codes.find((code) => code !== undefined);
    return confirmationCode === undefined ? { kind: 'taken' } : { kind: 'deleted', confirmationCode };
  }

  private async signersOf(
    call: PushCall,
    plausible: PushingProvider[],
    { family, oauthAppId }: Target,
  ): Promise<PushApp[]> {
    if (plausible.length === 0) return [];
    const apps =
      oauthAppId === undefined ? await this.named(call, plausible) : [await this.apps.byId(family, oauthAppId)];
    return apps
      .filter((app) => app !== undefined)
      .filter(({ provider, credentials }) => provider.push.isGenuine(call, credentials));
  }

  private async named(call: PushCall, plausible: PushingProvider[]): Promise<PushApp[]> {
    const found: PushApp[] = [];
    for (const provider of plausible) {
      const addressee = provider.push.addresseeIn?.(call.body);
      if (addressee) found.push(...(await this.apps.named(provider, addressee)));
    }
    return found;
  }

  private async take(app: PushApp, call: PushCall): Promise<string | undefined> {
    const notice = readNotice(app.provider, call);
    return notice && this.applyNotice.execute({ app, notice, body: call.body });
  }

  /** The database's time, read at most once per second. */
  private async now(): Promise<Date> {
    const isFresh = this.#clock !== undefined && performance.now() - this.#clock.readAt <= CLOCK_LIFETIME;
    const clock = this.#clock && isFresh ? this.#clock : { time: this.readClock(), readAt: performance.now() };
    this.#clock = clock;
    return new Date((await clock.time) + performance.now() - clock.readAt);
  }

  private async readClock(): Promise<number> {
    const { rows } = await this.database.pool.query<{ now: Date }>('select db_now() as now');
    return rows[0]?.now.getTime() ?? NaN;
  }
}

const isOurUrl = (topics: readonly string[] | undefined, topic: string | null): boolean =>
  topic === null ? topics === undefined : topics?.includes(topic) === true;
