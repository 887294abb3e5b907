// Memory of an exchanger in which 10,000 refreshes wait for a platform that does not answer:
// `npm run build && node bench/exchanger-memory.mjs [waiting]`. The limit that it must keep is 150 MB.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { insertApp, insertGrant, openWorld, SANDBOX_URL } from './exchanger/world.mjs';

const WAITING = Number(process.argv[2] ?? 10_000);
const LIMIT_MB = 150;

const world = await openWorld();
try {
  const appId = await insertApp(world, 'slow');
  const ids = [];
  for (let n = 0; n < WAITING; n += 1) {
    ids.push(
      await insertGrant(world, { appId, tokens: { access_token: `a${n}`, refresh_token: `r${n}` }, person: String(n) }),
    );
  }
  await slowPlatform();
  const idle = memory();
  for (const id of ids) world.exchange.refresh(id).catch(() => undefined);
  const held = await allWaiting();
  const { now, peak } = memory();
  console.log(
    `idle ${idle.now} MB; ${WAITING} requested, ${held} under way, the others wait: ${now} MB, at most ${peak} MB (limit ${LIMIT_MB})`,
  );
  process.exitCode = peak > LIMIT_MB ? 1 : 0;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  // An orderly stop would wait for minutes for the platform, and the callers would send their requests again.
  world.exchanger.kill('SIGKILL');
  await once(world.exchanger, 'exit');
  await world.close();
  process.exit();
}

/** Waits until the exchanger holds every call and the number of claimed grants is stable; returns that number. */
async function allWaiting() {
  for (let [round, seen] = [0, 0]; round < 60; round += 1) {
    const { inProgress } = await world.exchange.health();
    const {
      rows: [{ held }],
    } = await world.pool.query(`select count(*)::int as held from grants where refresh_state <> 'idle'`);
    if (inProgress >= WAITING && held > 0 && held === seen) return held;
    seen = held;
    await pause(2_000);
  }
  throw new Error('the calls did not all wait at the same time');
}

async function slowPlatform() {
  await fetch(`${SANDBOX_URL}/_control/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ provider: 'x', endpoint: 'token', times: WAITING, status: 503, delay_ms: 60_000 }),
  });
}

/** Megabytes: what is resident now, and the most that ever was. */
function memory() {
  const status = readFileSync(`/proc/${world.exchanger.pid}/status`, 'utf8');
  /** @param {string} field */
  const megabytes = (field) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}
