import type { Tx } from '../tx.js';

const CONNECTED = `health <> 'disconnected'`;

/** Among the due probes that are looked at, platforms take turns: one with many, which may hang, delays no other. */
const MAX_PROBES_LOOKED_AT = 5_000;

/** Takes due probes, for the ten minutes that a probe may need: of two sweeps one gets each. */
export async function claimDueProbes(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `with due as (
       select id, provider, environment, probe_due_at from accounts where ${CONNECTED} and probe_due_at <= db_now()
       order by probe_due_at limit ${MAX_PROBES_LOOKED_AT}
     ), turns as (
       select id, row_number() over (partition by environment, provider order by probe_due_at) as turn from due
     )
     update accounts set probe_due_at = db_now() + interval '10 minutes' where id in (
       select id from accounts where id in (select id from turns order by turn limit $1)
         and ${CONNECTED} and probe_due_at <= db_now() for update skip locked)
     returning id`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

/** Makes a claimed probe due again: it could not begin. */
export async function delayProbe(tx: Tx, id: string, seconds: number): Promise<void> {
  const statement = 'update accounts set probe_due_at = least(probe_due_at, db_now() + make_interval(secs => $2))';
  await tx.query(`${statement} where id = $1 and ${CONNECTED}`, [id, seconds]);
}
