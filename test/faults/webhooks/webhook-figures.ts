import { setTimeout as sleep } from 'node:timers/promises';
import type { OtherFigure } from '../figures/other-figures.js';
import type { Cut } from '../sabotage/sabotages.js';
import { breakTree } from '../sabotage/broken-tree.js';
import type { Databases } from '../world/databases.js';
import { type KillResult, killSenders } from './kill-senders.js';
import { WebhookWorld } from './webhook-world.js';

export interface WebhookFigureSettings {
  databases: Databases;
  seed: number;
  short: boolean;
  /** Of the events and kills of the long form. */
  share: number;
  print: (line: string) => void;
}

const LONG = { events: 50_000, kills: 100, accounts: 2_000, pauseMs: 4_000, turnsClock: false };
const SHORT = { events: 1_000, kills: 4, accounts: 300, pauseMs: 1_000, turnsClock: true };
const MAX_DUPLICATE_SHARE = 0.01;
/** Attempts at a time of an endpoint, each of which a kill may repeat. In the short form these are more than the share. */
const UNDER_WAY = 8;
/** A claim lasts a minute, and the next process claims within some seconds. */
const MAX_CLAIM_SECONDS = 65;

/** The figures of webhooks whose name contains `only`. */
export async function webhookFigures(settings: WebhookFigureSettings, only: string): Promise<OtherFigure[]> {
  const measurements: [string, () => Promise<OtherFigure>][] = [
    ['webhooks: worker, API, PostgreSQL kill -9', () => underKills(settings)],
    ...(settings.short
      ? []
      : [
          ['webhooks: claims of a killed worker', () => claimsOfKilled(settings)] as [
            string,
            () => Promise<OtherFigure>,
          ],
        ]),
  ];
  const figures: OtherFigure[] = [];
  for (const [name, measure] of measurements) if (name.includes(only)) figures.push(await measure());
  return figures;
}

async function underKills({ databases, seed, short, share, print }: WebhookFigureSettings): Promise<OtherFigure> {
  const size = short
    ? SHORT
    : { ...LONG, events: Math.round(LONG.events * share), kills: Math.max(4, Math.round(LONG.kills * share)) };
  const result = await killSenders({ ...size, databases, seed, print });
  return {
    name: `webhooks: ${result.events} events to ${result.endpoints} endpoints under ${result.kills} kills, one answer in 20 is 500`,
    details: [describe(result)],
    reached: missesOf(result).length === 0,
  };
}

const describe = ({ lost, inversions, duplicates, waiting, seconds }: KillResult): string =>
  `${lost} lost, ${inversions} inversions, ${duplicates} duplicates, ${waiting} still waiting, ${seconds} s`;

type Check = 'lost' | 'inversions' | 'duplicates';

function missesOf({ events, endpoints, kills, lost, inversions, duplicates, waiting }: KillResult): Check[] {
  const misses: Check[] = [];
  const share = events * endpoints * MAX_DUPLICATE_SHARE;
  const mostDuplicates = events < LONG.events ? Math.max(share, kills * endpoints * UNDER_WAY) : share;
  if (lost + waiting > 0) misses.push('lost');
  if (inversions > 0) misses.push('inversions');
  if (duplicates > mostDuplicates) misses.push('duplicates');
  return misses;
}

/** The only worker is killed while an endpoint does not answer; the time until another one sends again. */
async function claimsOfKilled({ databases }: WebhookFigureSettings): Promise<OtherFigure> {
  const world = await WebhookWorld.open({ databases, accounts: 8, endpoints: 1, workers: 2, scale: 1 });
  try {
    world.sink.answer = () => 'hang';
    await world.record(world.accounts);
    await until(() => world.sink.requests.length === world.accounts.length);
    const killedAt = performance.now();
    const sent = world.sink.requests.length;
    world.sink.answer = () => 200;
    for (const worker of world.workers) worker.strike('SIGKILL');
    await until(() => world.sink.accepted.length === world.accounts.length);
    const seconds = (performance.now() - killedAt) / 1_000;
    return {
      name: `webhooks: ${sent} claims of killed workers are sent by others within ${MAX_CLAIM_SECONDS} s`,
      details: [`${seconds.toFixed(1)} s`],
      reached: seconds <= MAX_CLAIM_SECONDS,
    };
  } finally {
    await world.close();
  }
}

async function until(isReached: () => boolean, limitMs = 90_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isReached()) {
    if (Date.now() > end) throw new Error('the endpoints did not receive what they should have received');
    await sleep(50);
  }
}

interface WebhookSabotage {
  name: string;
  seenBy: Check;
  cuts: Cut[];
}

const DELIVERY = 'libs/webhooks/src/delivery';
const SABOTAGES: WebhookSabotage[] = [
  {
    name: 'an answer of 500 counts as a success',
    seenBy: 'lost',
    cuts: [{ file: `${DELIVERY}/retry-policy.js`, find: 'outcome.status < 300', instead: 'outcome.status < 600' }],
  },
  {
    name: 'the newest event of a lane is sent first',
    seenBy: 'inversions',
    cuts: [
      {
        file: `${DELIVERY}/lanes.js`,
        find: 'order by position, created_at limit 1',
        instead: 'order by position desc limit 1',
      },
    ],
  },
  {
    name: 'one result in ten is not stored',
    seenBy: 'duplicates',
    cuts: [
      {
        file: `${DELIVERY}/webhook-sender.js`,
        find: 'await this.#results.add(attempted);',
        instead: 'if (Math.random() > 0.1) await this.#results.add(attempted);',
      },
    ],
  },
];

/** Runs the short form on the product with each defect; returns whether each check detects its defect. */
export async function proveWebhookChecks(
  { databases, seed, print }: Omit<WebhookFigureSettings, 'short' | 'share'>,
  only: string,
): Promise<boolean> {
  let areAllSeen = true;
  for (const { name, seenBy, cuts } of SABOTAGES.filter((one) => `webhooks ${one.seenBy}`.includes(only))) {
    const tree = breakTree(cuts);
    try {
      const result = await killSenders({ ...SHORT, databases, seed, root: tree.root, print: () => undefined });
      const isSeen = missesOf(result).includes(seenBy);
      print(`${isSeen ? 'detected' : 'MISSED  '}  webhooks ${seenBy}: ${name} — ${describe(result)}`);
      areAllSeen &&= isSeen;
    } finally {
      tree.remove();
    }
  }
  return areAllSeen;
}
