import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { freePort } from '../../tools/start/ports.mjs';
import type { ServiceSession } from './service.js';
import { databaseUrlOf } from './service-processes.mjs';

/** One more API process beside a running service, as a second replica on the same machine. */
export async function startSecondApi(
  { home, sandboxUrl }: Pick<ServiceSession, 'home' | 'sandboxUrl'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ apiUrl: string; stop(): Promise<void> }> {
  const port = await freePort();
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    EVERGRANT_HOME: home,
    DATABASE_URL: databaseUrlOf(home),
    MASTER_KEYS_FILE: join(home, 'master.key'),
    JWT_PUBLIC_KEY_FILE: join(home, 'jwt.public.json'),
    SANDBOX_URL: sandboxUrl,
    PORT: String(port),
    ...settings,
  };
  const child = spawn(process.execPath, [resolve('dist/bundle/api.js')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (message !== 'ready') throw new Error('the second API did not start');
  return {
    apiUrl: `http://localhost:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
