import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#config';
import type { Disk, DiskFile } from './disk.js';

const OURS_ALONE = 0o600;
/** A write returns when it is on disk: one call instead of a write and an fdatasync. */
const WRITE_THROUGH = constants.O_RDWR | constants.O_DSYNC;
/** Elsewhere the flag does not concern the drive's own cache, which libuv's fdatasync empties. */
const FLAG_IS_ENOUGH = process.platform === 'linux';

/** A real folder that only this user can read. */
export class FolderDisk implements Disk {
  private constructor(private readonly folder: string) {}

  static async open(folder: string): Promise<FolderDisk> {
    await makeFolder(folder);
    return new FolderDisk(folder);
  }

  names(): Promise<string[]> {
    return readdir(this.folder);
  }

  read(name: string): Promise<Buffer> {
    return readFile(this.path(name));
  }

  async create(name: string): Promise<DiskFile> {
    return new FolderFile(
      await open(this.path(name), WRITE_THROUGH | constants.O_CREAT | constants.O_EXCL, OURS_ALONE),
    );
  }

  async open(name: string): Promise<DiskFile> {
    return new FolderFile(await open(this.path(name), WRITE_THROUGH));
  }

  rename(from: string, to: string): Promise<void> {
    return rename(this.path(from), this.path(to));
  }

  remove(name: string): Promise<void> {
    return rm(this.path(name), { force: true });
  }

  async sync(): Promise<void> {
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

class FolderFile implements DiskFile {
  constructor(private readonly handle: FileHandle) {}

  async write(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    if (!FLAG_IS_ENOUGH) await this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
