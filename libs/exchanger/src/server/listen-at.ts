import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { makePrivateDirectory } from '#tokens';

/** Connections that wait while the process is busy; the kernel may allow fewer, and callers try again. */
const BACKLOG = 4_096;

/**
 * Listens at a path, for processes of the same user, and removes the socket of an ended process. The caller must hold the
 * journal's lock, so that no running process loses its socket.
 */
export async function listenAt(server: Server, path: string): Promise<void> {
  await makePrivateDirectory(path);
  if (await isAnswered(path))
    throw new Error(`another process listens at ${path}: give each exchanger a socket and a journal of its own`);
  await rm(path, { force: true });
  server.listen({ path, backlog: BACKLOG });
  await once(server, 'listening');
  await chmod(path, 0o600);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
