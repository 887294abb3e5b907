import { describe, expect, it } from '@jest/globals';
import { explore } from './explore.js';
import { Violation } from './invariants.js';
import { mutants } from './mutants.js';
import { productWiring } from './wiring.js';

/** `SIMULATION_SEED=7 SIMULATION_RUNS=100000` explores other and more histories; SIMULATION_PATH replays one finding. */
const { SIMULATION_SEED, SIMULATION_RUNS, SIMULATION_PATH, SIMULATION_TRACES } = process.env;
const seed = Number(SIMULATION_SEED ?? 1);
const runs = Number(SIMULATION_RUNS ?? 4_000);
const LONG = 30 * 60_000;

describe('the protocol core under random histories', () => {
  it(
    'keeps every invariant over a million steps and loses tokens only through the known crash windows',
    () => {
      const seen = new Map<string, number>();
      const add = (what: string, times = 1) => seen.set(what, (seen.get(what) ?? 0) + times);
      const finding = explore(productWiring, { runs, seed, path: SIMULATION_PATH }, (world) => {
        for (const [what, times] of world.counts) add(what, times);
        for (const { first, second } of world.server.reuses) add(`lost in ${first.window ?? second.window ?? ''}`);
      });
      console.log([`seed ${seed}`, ...[...seen].sort().map(([what, times]) => `${what}: ${times}`)].join('\n'));
      if (finding) throw new Error(`SIMULATION_SEED=${seed} SIMULATION_PATH=${finding.path ?? ''}\n${finding.trace}`);
      if (SIMULATION_PATH !== undefined || SIMULATION_RUNS !== undefined) return;
      expect(seen.get('steps')).toBeGreaterThanOrEqual(1_000_000);
      const rare = [
        'rotations',
        'resends',
        'claims taken over',
        'answers recovered from a journal',
        'answers set aside',
        'late pairs',
        'late pairs adopted',
        'revoked',
        'recovered',
      ];
      expect(rare.filter((what) => (seen.get(what) ?? 0) < 10)).toEqual([]);
    },
    LONG,
  );

  it(
    'keeps every invariant where consents are stored later than given, and in another order',
    () => {
      let overtaken = 0;
      const finding = explore({ ...productWiring, delaysConsents: true }, { runs: 2_000, seed }, (world) => {
        overtaken += world.counts.get('overtaken consents') ?? 0;
      });
      expect(finding?.trace).toBeUndefined();
      expect(overtaken).toBeGreaterThan(100);
    },
    LONG,
  );

  it(
    'keeps every invariant where the database fails over to a standby without the latest commits',
    () => {
      const seen = new Map<string, number>();
      const finding = explore({ ...productWiring, failsOver: true }, { runs: 2_000, seed }, ({ counts }) => {
        for (const [what, times] of counts) seen.set(what, (seen.get(what) ?? 0) + times);
      });
      expect(finding?.trace).toBeUndefined();
      expect(seen.get('answers stored again')).toBeGreaterThanOrEqual(5);
    },
    LONG,
  );

  it.each(mutants)(
    'violates an invariant if it %s',
    (_what, change, shownBy, shownWith = seed) => {
      const finding = explore(
        { ...productWiring, ...change },
        { runs: 8_000, seed: shownWith, shrinks: SIMULATION_TRACES !== undefined },
      );
      if (SIMULATION_TRACES !== undefined) console.log(finding?.trace);
      expect(finding?.error).toBeInstanceOf(Violation);
      expect(shownBy).toContain((finding?.error as Violation).invariant);
    },
    LONG,
  );
});
