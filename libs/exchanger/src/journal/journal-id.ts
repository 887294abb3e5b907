import { randomUUID } from 'node:crypto';
import type { Disk } from './disk.js';

const NAME = 'id';
const BEING_WRITTEN = 'id.new';
const UUID = /^[0-9a-f-]{36}$/;

/** The name of this journal for as long as its folder lives: claims are held under it. */
export async function journalId(disk: Disk): Promise<string> {
  const known = (await disk.names()).includes(NAME) ? (await disk.read(NAME)).toString('utf8') : '';
  return UUID.test(known) ? known : await writeId(disk, randomUUID());
}

async function writeId(disk: Disk, id: string): Promise<string> {
  await disk.remove(BEING_WRITTEN);
  const file = await disk.create(BEING_WRITTEN);
  await file.write(Buffer.from(id, 'utf8'), 0);
  await file.close();
  await disk.rename(BEING_WRITTEN, NAME);
  await disk.sync();
  return id;
}
