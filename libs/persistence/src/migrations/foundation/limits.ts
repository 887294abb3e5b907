import type { Part } from './part.js';

/** What credentials have used up of their minute. Unlogged: a crash may forget it, and each request writes it. */
export const limits: Part = {
  up: `
    create unlogged table rate_limits (
      key varchar(255) primary key,
      points integer not null default 0,
      expire bigint
    );`,
  down: `drop table rate_limits;`,
};
