/** A file that is written at places of the writer's choice. */
export interface DiskFile {
  /** Resolves when all of it survives a power cut; rejects when the disk took less. */
  write(bytes: Buffer, position: number): Promise<void>;
  close(): Promise<void>;
}

/** One folder of files, as little of a file system as a journal needs: tests put a failing one in its place. */
export interface Disk {
  names(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  /** Fails when the file is there. */
  create(name: string): Promise<DiskFile>;
  open(name: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Resolves when names that came, went or changed survive a power cut. */
  sync(): Promise<void>;
}
