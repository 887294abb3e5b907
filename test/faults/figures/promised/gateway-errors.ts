import { shapes } from '../../authorization-servers/fault-shapes.js';
import { awaitRefreshes, makeAllDue, openFigureWorld } from '../figure-world.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const GRANTS = 100;
const GRACES_SEC = [10, 30];
const LIMIT_MS = 600_000;

/** Each of the grants gets 504 once, after the platform has rotated its token. */
export async function gatewayErrors(settings: PromiseSettings): Promise<PromisedFigure[]> {
  const figures: PromisedFigure[] = [];
  for (const graceSeconds of GRACES_SEC) {
    const { refused, refreshed } = await measure(settings, graceSeconds);
    figures.push({
      name: `504 after the rotation, grace ${graceSeconds} s`,
      target: `0 of ${GRANTS} refused`,
      measured: `${refused} refused, ${refreshed} of ${GRANTS} refreshed`,
      isReached: refused === 0 && refreshed === GRANTS,
    });
  }
  return figures;
}

async function measure(
  settings: PromiseSettings,
  graceSeconds: number,
): Promise<{ refused: number; refreshed: number }> {
  const world = await openFigureWorld(settings, { accounts: GRANTS, graceSeconds });
  try {
    await world.platform.always(shapes.gatewayTimeout());
    await makeAllDue(world);
    const refreshed = await awaitRefreshes(world, { version: 2, count: GRANTS, within: LIMIT_MS });
    return { refused: (await world.platform.counters()).refused, refreshed };
  } finally {
    await world.close();
  }
}
