import type { Part } from './part.js';

/** Every decision about time asks db_now(): one clock for all processes, and a test turns it by replacing the function. */
export const clock: Part = {
  up: `create function db_now() returns timestamptz language sql stable as $$ select now() $$;`,
  down: `drop function db_now();`,
};
