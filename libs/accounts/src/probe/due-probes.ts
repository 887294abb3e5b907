import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { claimDueProbes, Database, delayProbe } from '#persistence';
import { probeAccount, type ProbeOutcome, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { PlatformPlaces } from './platform-places.js';

/** How long a job waits for a place: probes of a platform that answers are shorter. */
const WAIT_FOR_PLACE = seconds(1);
const PAUSE_WITHOUT_PLACE_SECONDS = 30;

const PLATFORM = `select environment || '/' || provider as platform from accounts where id = $1`;

/** `postponed`: the platform holds all its places, and the probe is due again in half a minute. */
type DueProbeOutcome = ProbeOutcome | 'postponed';

/** The probes that are due: the sweep claims them, and a job performs each. */
@Injectable()
export class DueProbes {
  readonly #places = new PlatformPlaces();

  constructor(
    private readonly database: Database,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Claims at most `limit` accounts. Costs what is due, not what exists. */
  claim(limit: number): Promise<string[]> {
    return claimDueProbes(this.database.pool, limit);
  }

  /** Probes a claimed account, while at most `perPlatform` probes of its platform run in this process. */
  async probeClaimed(accountId: string, { perPlatform }: { perPlatform: number }): Promise<DueProbeOutcome> {
    const platform = await this.platformOf(accountId);
    if (platform === undefined) return 'nothing_to_probe';
    if (!(await this.#places.take(platform, { most: perPlatform, within: WAIT_FOR_PLACE }))) {
      await delayProbe(this.database.pool, accountId, PAUSE_WITHOUT_PLACE_SECONDS);
      return 'postponed';
    }
    try {
      return await this.probe(accountId);
    } finally {
      this.#places.free(platform);
    }
  }

  /** Probes one account at its platform and stores the result; health follows. */
  probe(accountId: string): Promise<ProbeOutcome> {
    return probeAccount(this.context, accountId);
  }

  private async platformOf(accountId: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ platform: string }>(PLATFORM, [accountId]);
    return rows[0]?.platform;
  }
}
