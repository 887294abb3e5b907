import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../../tools/start/root.mjs';
import { readJournal } from '../../check/read-journal.js';
import type { LoneExchanger } from '../../window/lone-exchanger.js';
import { LoneWorld } from '../../window/lone-world.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const LATEST_KILL_MS = 20;
const KILLS = { short: 40, long: 200 };
/** Processes that are started together, before any of them is killed: so that no start disturbs a measurement. */
const BATCH = 5;
/** A process that has run for a minute has compiled its code. */
const WARM_UPS = 15;
const ALLOWED_RATIO = 1.2;

/** A process is killed at moments up to 20 ms after the answer left the platform: exchanger and bare program in turns. */
export async function killWindow({ databases, short, print }: PromiseSettings): Promise<PromisedFigure[]> {
  const kills = short ? KILLS.short : KILLS.long;
  const world = await LoneWorld.open(databases, BATCH);
  const lostAfter = { exchanger: [] as number[], bare: [] as number[] };
  try {
    for (let begin = 0; begin < kills; begin += BATCH) {
      const delays = Array.from({ length: BATCH }, (_, index) => delayOf(begin + index, kills));
      await runBatch(world, delays, lostAfter);
      print(
        `        ${begin + BATCH} of ${kills} kills: ${lostAfter.exchanger.length} lost, bare program ${lostAfter.bare.length}`,
      );
    }
  } finally {
    await world.close();
  }
  for (const [what, delays] of Object.entries(lostAfter))
    print(`        ${what} lost up to ${latest(delays)} ms after`);
  const [mine, bare] = [lostAfter.exchanger.length, lostAfter.bare.length];
  return [
    {
      name: `kill -9 within ${LATEST_KILL_MS} ms after the answer left the platform, ${kills} times`,
      target: `lost at most ${ALLOWED_RATIO} times the bare program's`,
      measured: `${mine} lost, bare program ${bare}`,
      isReached: mine <= bare * ALLOWED_RATIO,
    },
  ];
}

const delayOf = (index: number, kills: number): number => ((index + 0.5) * LATEST_KILL_MS) / kills;
const latest = (delays: readonly number[]): string => (delays.length > 0 ? Math.max(...delays).toFixed(1) : '0');

async function runBatch(
  world: LoneWorld,
  delays: readonly number[],
  lostAfter: Record<'exchanger' | 'bare', number[]>,
): Promise<void> {
  const exchangers = delays.map(() => world.exchanger());
  await Promise.all(exchangers.map((exchanger) => exchanger.start()));
  const programs = await Promise.all(delays.map(() => BareProgram.start(`${world.url}/token`)));
  for (const [index, delay] of delays.entries()) {
    const grantId = world.accounts[index]?.grantId ?? '';
    if (await losesExchanger(world, { exchanger: exchangers[index] as LoneExchanger, grantId, delay }))
      lostAfter.exchanger.push(delay);
    if (await losesBareProgram(world, programs[index] as BareProgram, delay)) lostAfter.bare.push(delay);
  }
}

async function losesExchanger(
  world: LoneWorld,
  { exchanger, grantId, delay }: { exchanger: LoneExchanger; grantId: string; delay: number },
): Promise<boolean> {
  const refresh = async (): Promise<unknown> => {
    await world.makeDue([grantId]);
    return exchanger.client.refresh(grantId).catch(() => undefined);
  };
  for (let count = 0; count < WARM_UPS; count += 1) await refresh();
  const before = await versionOf(world, grantId);
  killAfter(world, exchanger.pid, delay);
  void refresh();
  await exchanger.exited;
  const isJournaled = readJournal(exchanger.directory, world.keyring).some(
    (entry) => entry.grantId === grantId && entry.bringsTokens,
  );
  const isLost = !isJournaled && (await versionOf(world, grantId)) === before;
  await release(world, grantId);
  return isLost;
}

/** The signal follows the answer without a turn of the event loop in between. */
function killAfter({ platform }: LoneWorld, pid: number, delay: number): void {
  platform.onAnswered = () => {
    const end = performance.now() + delay;
    while (performance.now() < end);
    process.kill(pid, 'SIGKILL');
    platform.onAnswered = () => undefined;
  };
}

async function versionOf({ pool }: LoneWorld, grantId: string): Promise<number> {
  const { rows } = await pool.query<{ version: number }>(
    'select token_version::int as version from grants where id = $1',
    [grantId],
  );
  return rows[0]?.version ?? 0;
}

/** For the exchanger of the next batch, which has another journal. */
async function release({ pool }: LoneWorld, grantId: string): Promise<void> {
  await pool.query(`delete from exchange_intents where grant_id = $1`, [grantId]);
  await pool.query(
    `update grants set refresh_state = 'idle', claim_holder = null, claim_until = null, unknown_since = null where id = $1`,
    [grantId],
  );
}

async function losesBareProgram(world: LoneWorld, program: BareProgram, delay: number): Promise<boolean> {
  for (let count = 0; count < WARM_UPS; count += 1) await program.refresh(`warm-up-${count}`);
  const before = program.written;
  killAfter(world, program.pid, delay);
  await program.refreshUntilKilled('measured');
  return program.written === before;
}

class BareProgram {
  readonly #directory = mkdtempSync(join(tmpdir(), 'evergrant-bare-'));
  readonly #child: ChildProcess;

  private constructor(url: string) {
    const entry = join(ROOT, 'test/faults/window/bare-program.mjs');
    this.#child = fork(entry, [url, join(this.#directory, 'answers')], { execArgv: [] });
  }

  static async start(url: string): Promise<BareProgram> {
    const program = new BareProgram(url);
    await once(program.#child, 'message');
    return program;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Bytes of answers that outlived it. */
  get written(): number {
    return readFileSync(join(this.#directory, 'answers')).length;
  }

  async refresh(token: string): Promise<void> {
    const stored = once(this.#child, 'message');
    this.#child.send(token);
    await stored;
  }

  async refreshUntilKilled(token: string): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.send(token);
    await exited;
    // Its folder is read once more by the caller.
    setTimeout(() => {
      rmSync(this.#directory, { recursive: true, force: true });
    }, 1_000).unref();
  }
}
