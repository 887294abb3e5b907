import { describe, expect, it } from '@jest/globals';
import { explore } from './explore.js';
import { Violation } from './invariants.js';
import { mutants } from './mutants.js';
import { real } from './wiring.js';

/** `SIMULATION_SEED=7 SIMULATION_RUNS=100000` goes elsewhere and further; with SIMULATION_PATH one finding is seen again. */
const { SIMULATION_SEED, SIMULATION_RUNS, SIMULATION_PATH, SIMULATION_STORIES } = process.env;
const seed = Number(SIMULATION_SEED ?? 1);
const runs = Number(SIMULATION_RUNS ?? 4_000);
const LONG = 30 * 60_000;

describe('the core, whatever happens in whatever order', () => {
  it(
    'keeps every invariant over a million steps, and loses tokens through the known windows only',
    () => {
      const seen = new Map<string, number>();
      const add = (what: string, times = 1) => seen.set(what, (seen.get(what) ?? 0) + times);
      const finding = explore(real, { runs, seed, path: SIMULATION_PATH }, (world) => {
        for (const [what, times] of world.seen) add(what, times);
        for (const { first, second } of world.server.reuses) add(`lost: ${first.window ?? second.window ?? ''}`);
      });
      console.log([`seed ${seed}`, ...[...seen].sort().map(([what, times]) => `${what}: ${times}`)].join('\n'));
      if (finding) throw new Error(`SIMULATION_SEED=${seed} SIMULATION_PATH=${finding.path ?? ''}\n${finding.story}`);
      if (SIMULATION_PATH !== undefined || SIMULATION_RUNS !== undefined) return;
      expect(seen.get('steps')).toBeGreaterThanOrEqual(1_000_000);
      const rare = [
        'rotations',
        'resends',
        'claims taken over',
        'answers found in a journal',
        'late pairs',
        'late pairs tried',
        'dead',
        'revived',
      ];
      expect(rare.filter((what) => (seen.get(what) ?? 0) < 10)).toEqual([]);
    },
    LONG,
  );

  it.each(mutants)(
    'is seen to be broken where it %s',
    (_what, change, shownBy) => {
      const finding = explore({ ...real, ...change }, { runs: 8_000, seed, shrinks: SIMULATION_STORIES !== undefined });
      if (SIMULATION_STORIES !== undefined) console.log(finding?.story);
      expect(finding?.error).toBeInstanceOf(Violation);
      expect(shownBy).toContain((finding?.error as Violation).invariant);
    },
    LONG,
  );
});
