import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '#config';
import { CodedError } from '#observability';
import { countByKey, SEALED_TABLES } from '#persistence/sealed';
import { holdersWithout } from './key-holder.js';
import { type ClosedRow, type RewrapOptions, rewrapRows } from './rewrap-rows.js';

/** Passes that leave no fewer rows than an earlier one, because they are locked or a process still seals with another key first. */
const IDLE_PASSES = 10;
const PASS_PAUSE = seconds(1);

export interface Rotation {
  rewrapped: number;
  /** Rows that do not open, as the last pass found them. */
  closed: ClosedRow[];
  /** Rows that are still under another key; those that do not open are among them. */
  remaining: number;
}

interface RotateOptions extends RewrapOptions {
  /** Milliseconds between two passes. */
  passPause?: number;
}

/**
 * Repeats the pass until only rows that do not open are under another key. Throws `keys.not_held` before it changes anything
 * where a running process lacks the first key: it could not open a row any more.
 */
export async function rotateKeys({ passPause = PASS_PAUSE, ...options }: RotateOptions): Promise<Rotation> {
  const { pool, keyring } = options;
  const without = await holdersWithout(pool, keyring.primaryId);
  if (without.length > 0)
    throw new CodedError(
      'keys.not_held',
      `These running processes do not have the key "${keyring.primaryId}" and could not open what it wraps: ${without.join(', ')}. Add it to their MASTER_KEYS and restart them first.`,
    );
  const rotation: Rotation = { rewrapped: 0, closed: [], remaining: 0 };
  let fewest = Infinity;
  for (let idle = 0; idle < IDLE_PASSES;) {
    const { rewrapped, closed } = await rewrapRows(options);
    rotation.rewrapped += rewrapped;
    rotation.closed = closed;
    rotation.remaining = await countOthers(options);
    if (rotation.remaining <= closed.length) break;
    // Compared with all passes before: a process that seals with another key makes the number rise and fall without an end.
    idle = rotation.remaining < fewest ? 0 : idle + 1;
    fewest = Math.min(fewest, rotation.remaining);
    await pause(passPause);
  }
  return rotation;
}

async function countOthers({ pool, keyring }: RewrapOptions): Promise<number> {
  let others = 0;
  for (const owned of SEALED_TABLES)
    for (const [id, rows] of await countByKey(pool, owned)) if (id !== keyring.primaryId) others += rows;
  return others;
}
