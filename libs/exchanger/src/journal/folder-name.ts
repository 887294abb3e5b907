import { randomUUID } from 'node:crypto';
import type { Disk } from './disk.js';

const NAME = 'id';
const BEING_WRITTEN = 'id.new';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The name of a journal: claims are held under its id for as long as its folder exists. */
export interface FolderName {
  id: string;
  /** Of the latest starts on this folder, the last one at the end. Two, because a crash may leave it open which of them counts. */
  nonces: string[];
}

/** The name in the folder, or a new one; earlier releases wrote the id alone. */
export async function readFolderName(disk: Disk): Promise<FolderName> {
  const known = (await disk.names()).includes(NAME) ? (await disk.read(NAME)).toString('utf8') : '';
  const [id, ...nonces] = known.split(' ');
  if (id !== undefined && [id, ...nonces].every((one) => UUID.test(one))) return { id, nonces };
  const name = { id: randomUUID(), nonces: [] };
  await writeFolderName(disk, name);
  return name;
}

export async function writeFolderName(disk: Disk, { id, nonces }: FolderName): Promise<void> {
  await disk.remove(BEING_WRITTEN);
  const file = await disk.create(BEING_WRITTEN);
  await file.write(Buffer.from([id, ...nonces].join(' '), 'utf8'), 0);
  await file.close();
  await disk.rename(BEING_WRITTEN, NAME);
  await disk.sync();
}
