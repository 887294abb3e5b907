import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { type Account, Backend, type Reply, until } from '../support/backend.js';
import { type ServiceSession, session } from '../support/service.js';

/** Runs `npm run demo`; moves the clock forward once the demo waits for the worker. */
async function runDemo(
  backend: Backend,
  service: ServiceSession,
  ...args: string[]
): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, ['tools/demo.mjs', '--home', service.home, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(
    () => Promise.resolve(output),
    (text) => text.includes('refresh due') || child.exitCode !== null,
  );
  await backend.pass(100);
  return { code: await ended, output };
}

describe('npm run demo', () => {
  let service: ServiceSession;
  let backend: Backend;

  beforeAll(() => {
    service = session();
    backend = new Backend(service, service.key);
  });

  const apps = async (): Promise<unknown> => (await backend.get('/v1/oauth-apps')).body;
  const accounts = async (): Promise<Account[]> =>
    ((await backend.get('/v1/accounts?limit=100')) as Reply<{ items: Account[] }>).body.items;

  it('runs with a person and an app of its own, and leaves every other account as it was', async () => {
    const happy = await backend.connect('x', 'happy');
    const [appsBefore, before] = [await apps(), await accounts()];
    const { code, output } = await runDemo(backend, service, '--push');
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/account\.connected → .*account\.disconnected\n\nThe end\.\n$/),
    });
    expect((await accounts()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(await backend.account(happy.id)).toMatchObject({ id: happy.id, handle: 'hanna_happy', health: 'active' });
    expect(await apps()).toEqual(appsBefore);
  });

  it('leaves nothing behind when it stops early', async () => {
    const before = await accounts();
    const { code, output } = await runDemo(backend, service, '--push', '--provider', 'linkedin');
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('leave out --push') });
    expect(await accounts()).toHaveLength(before.length);
  });
});
