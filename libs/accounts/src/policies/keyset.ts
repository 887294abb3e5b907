import { z } from 'zod';
import type { Cursors } from '#crypto';
import { invalidCursor } from '../accounts.errors.js';

/** The last row of a page that is sorted by a time and an id. The time has microseconds, which a Date does not hold. */
export const keysetPosition = z.object({ at: z.iso.datetime(), id: z.uuid() });

/** The SQL of the time in a position. */
export const keysetTime = (column: string): string =>
  `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The position in a cursor; undefined without one. Throws cursor.invalid for a cursor of another list. */
export function readPosition<Position>(
  cursors: Cursors,
  schema: z.ZodType<Position>,
  { scope, cursor }: { scope: unknown; cursor: string | undefined },
): Position | undefined {
  if (cursor === undefined) return undefined;
  const position = schema.safeParse(cursors.read(scope, cursor));
  if (!position.success) throw invalidCursor();
  return position.data;
}

/** A page of `limit` rows, of which one more was read. `last`: where another page follows. */
export function cutPage<Row>(rows: readonly Row[], limit: number): { items: Row[]; last: Row | undefined } {
  return { items: rows.slice(0, limit), last: rows.length > limit ? rows[limit - 1] : undefined };
}
