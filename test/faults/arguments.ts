import { parseArgs } from 'node:util';
import type { ServerKind } from './authorization-servers/contract.js';

export interface Arguments {
  short: boolean;
  proveChecks: boolean;
  /** Measures the promised figures instead of the table. */
  figures: boolean;
  verbose: boolean;
  seed: number;
  only: string;
  share: number | undefined;
  accounts: number;
  sideBySide: number;
  platforms: ServerKind[];
  queues: ('postgres' | 'redis')[];
}

const PLATFORMS: ServerKind[] = ['oidc-provider', 'oauth2-server'];
const QUEUES: ('postgres' | 'redis')[] = ['postgres', 'redis'];

/** Reads the command line; throws with what is wrong in it. */
export function readArguments(args: string[]): Arguments {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      'prove-checks': { type: 'boolean', default: false },
      figures: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string', default: '' },
      platform: { type: 'string' },
      queue: { type: 'string' },
      share: { type: 'string' },
      accounts: { type: 'string' },
      'side-by-side': { type: 'string', default: '1' },
    },
  });
  const { short } = values;
  return {
    short,
    proveChecks: values['prove-checks'],
    figures: values.figures,
    verbose: values.verbose,
    only: values.only,
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : number(values.seed, 'seed'),
    share: values.share === undefined ? undefined : number(values.share, 'share'),
    accounts: values.accounts === undefined ? (short ? 100 : 400) : number(values.accounts, 'accounts'),
    sideBySide: Math.max(1, number(values['side-by-side'], 'side-by-side')),
    platforms: chosen(values.platform, PLATFORMS, 'platform', short),
    queues: chosen(values.queue, QUEUES, 'queue', short),
  };
}

function number(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new Error(`--${name} is not a number`);
  return value;
}

function chosen<Choice extends string>(
  given: string | undefined,
  all: Choice[],
  name: string,
  short: boolean,
): Choice[] {
  if (given === undefined) return short ? all.slice(0, 1) : all;
  const found = all.filter((choice) => choice === given);
  if (found.length === 0) throw new Error(`--${name} is one of ${all.join(', ')}`);
  return found;
}
