import { randomUUID } from 'node:crypto';
import type { Tx } from '#persistence/sql';
import type { JournalFolder } from '../journal/file-journal.js';

const RENEW = `
  update journal_folders set nonce = $2, started_at = db_now() where id = $1 and nonce = any($3) and place = $4`;

const ADD = 'insert into journal_folders (id, nonce, place) values ($1, $2, $3)';

/**
 * Notes a start on a folder. `isOwn`: the folder lies where the latest start has found it, and holds the nonce of that start. A
 * copy, a folder that was restored, and one of which the database has lost the start get a new id, so that no claim of another
 * process can be taken for their own.
 */
export async function noteStart(tx: Tx, folder: JournalFolder): Promise<{ id: string; isOwn: boolean }> {
  const { id, nonces } = folder.name;
  const nonce = randomUUID();
  await folder.rename({ id, nonces: [...nonces.slice(-1), nonce] });
  const renewed = await tx.query(RENEW, [id, nonce, nonces, folder.place]);
  if (renewed.rowCount === 1) return { id, isOwn: true };
  const name = { id: randomUUID(), nonces: [nonce] };
  await folder.rename(name);
  await tx.query(ADD, [name.id, nonce, folder.place]);
  await tx.query(`delete from journal_folders where started_at < db_now() - interval '2 years'`);
  return { id: name.id, isOwn: false };
}
