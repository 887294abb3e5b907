// What the projects surface costs beside the accounts surface, over HTTP at a running service, in the same run:
// `npm run build && node bench/surfaces.mjs [accounts] [pollers] [seconds]`. Three figures, each with its baseline: a list, a poll, and
// many pollers at one poll in two seconds each beside an idle list. At last the rows that a poll reads among few and many attempts.
import { openService } from './surfaces/service.mjs';
import { medianOf, percentileOf, pollAtPace, timeInTurns } from './surfaces/timing.mjs';

const ACCOUNTS = Number(process.argv[2] ?? 20_000);
const POLLERS = Number(process.argv[3] ?? 1_000);
const SECONDS = Number(process.argv[4] ?? 20);
const RUNS = 400;
const KEYS = 10;
const MAX_RATIO = 1.1;
const MAX_DELAY_MS = 50;
const MANY_ATTEMPTS = 100_000;

/** @typedef {import('./surfaces/service.mjs').Service} Service */

const service = await openService();
try {
  const key = await service.newKey();
  const project = await service.projectOf(key);
  await service.fillAccounts(ACCOUNTS);
  const { state } = await service.start(key, project);
  const isListAsCheap = await compare('a list of 50', key, {
    baseline: `/v1/accounts?limit=50&project_id=${project}`,
    ours: `/v1/projects/${project}/social-accounts?limit=50`,
  });
  const isPollAsCheap = await compare('a poll', key, {
    baseline: `/v1/oauth/attempts/${state}`,
    ours: `/v1/social/oauth-status/${state}`,
  });
  const isPolledInTime = await manyPollers(key, project);
  const isIndependent = await rowsOfPolls(key, project);
  if (!isListAsCheap || !isPollAsCheap || !isPolledInTime || !isIndependent) process.exitCode = 1;
} finally {
  await service.close();
}

/**
 * @param {string} what
 * @param {string} key
 * @param {{ baseline: string, ours: string }} paths
 */
async function compare(what, key, { baseline, ours }) {
  const times = await timeInTurns([() => service.get(key, baseline), () => service.get(key, ours)], RUNS);
  const [theirs = NaN, mine = NaN] = times.map(medianOf);
  const ratio = mine / theirs;
  console.log(
    `${what}: projects ${mine.toFixed(2)} ms, accounts ${theirs.toFixed(2)} ms, ratio ${ratio.toFixed(2)}, at most ${MAX_RATIO}`,
  );
  return ratio <= MAX_RATIO;
}

/**
 * @param {string} key
 * @param {string} project
 */
async function manyPollers(key, project) {
  const path = `/v1/projects/${project}/social-accounts?limit=50`;
  const [idle = []] = await timeInTurns([() => service.get(key, path)], RUNS);
  /** @type {(() => Promise<void>)[]} */
  const pollers = [];
  for (let n = 0; n < KEYS; n += 1) {
    const own = await service.newKey();
    const at = await service.projectOf(own);
    for (let m = n; m < POLLERS; m += KEYS) {
      const { state } = await service.start(own, at);
      pollers.push(() => service.get(own, `/v1/social/oauth-status/${state}`));
    }
  }
  const polls = await pollAtPace(pollers, { everyMs: 2_000, seconds: SECONDS, warmUpSeconds: 5 });
  const [p99, most] = [percentileOf(polls, 0.99), percentileOf(idle, 0.99) + MAX_DELAY_MS];
  console.log(
    `${pollers.length} pollers, ${polls.length} polls in ${SECONDS} s: median ${medianOf(polls).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; idle list p99 ${percentileOf(idle, 0.99).toFixed(1)} ms, at most ${most.toFixed(1)} ms, ratio ${(p99 / percentileOf(idle, 0.99)).toFixed(2)}`,
  );
  return p99 <= most;
}

/**
 * The rows that PostgreSQL reads for one poll must not depend on the number of attempts.
 * @param {string} key
 * @param {string} project
 */
async function rowsOfPolls(key, project) {
  const { state } = await service.start(key, project);
  const poll = () => service.get(key, `/v1/social/oauth-status/${state}`);
  const few = await service.rowsRead('connect_attempts', poll);
  const before = await service.count('connect_attempts');
  await service.fillAttempts(MANY_ATTEMPTS);
  const many = await service.rowsRead('connect_attempts', poll);
  console.log(
    `rows of attempts read for a poll: ${few} among ${before}, ${many} among ${await service.count('connect_attempts')}`,
  );
  return many <= few;
}
