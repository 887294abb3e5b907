import { shapes } from '../../authorization-servers/fault-shapes.js';
import { awaitRefreshes, makeAllDue, openFigureWorld } from '../figure-world.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const GRANTS = 100;
/** The others are answered rightly: an outage of half of the grants is another figure. */
const ONE_IN = 3;
const GRACES_SEC = [10, 30];
const LIMIT_MS = 60_000;

/** Each of the grants gets 504 once, after the platform has rotated its token. */
export async function gatewayErrors(settings: PromiseSettings): Promise<PromisedFigure[]> {
  const figures: PromisedFigure[] = [];
  for (const graceSeconds of GRACES_SEC) {
    const { refused, failed, refreshed } = await measure(settings, graceSeconds);
    figures.push({
      name: `504 after the rotation, grace ${graceSeconds} s`,
      target: `0 of ${GRANTS} refused`,
      measured: `${refused} refused, ${failed} answered with 504, ${refreshed} of ${GRANTS * ONE_IN} refreshed`,
      isReached: refused === 0 && failed === GRANTS && refreshed === GRANTS * ONE_IN,
    });
  }
  return figures;
}

async function measure(
  settings: PromiseSettings,
  graceSeconds: number,
): Promise<{ refused: number; failed: number; refreshed: number }> {
  const world = await openFigureWorld(settings, { accounts: GRANTS * ONE_IN, graceSeconds });
  try {
    await world.platform.always(shapes.gatewayTimeout(ONE_IN));
    await makeAllDue(world);
    const refreshed = await awaitRefreshes(world, { version: 2, count: GRANTS * ONE_IN, within: LIMIT_MS });
    const { refused } = await world.platform.counters();
    const failed = (await world.platform.uses()).filter(({ fault }) => fault === 'answer').length;
    return { refused, failed, refreshed };
  } finally {
    await world.close();
  }
}
