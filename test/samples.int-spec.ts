import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROVIDER_NAMES, registerProviders } from '#providers';
import { API_SCOPES } from '#accounts';
import { openTestApi, type TestApi } from './support/api.js';
import { TestSandbox } from './support/sandbox.js';

const SANDBOX = 'http://localhost:3100';
const API = 'http://localhost:3000';
const MARK = '@@ sample ';

const read = (path: string): string => readFileSync(path, 'utf8');
const blocks = (path: string, language: string): string[] =>
  [...read(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block]) => block!);
/** Without samples that start or build an installation: end-to-end tests and keys.int-spec run those. */
const samplesOf = (path: string): string[] =>
  blocks(path, 'sh').filter((block) => !/^(npm (start|test)|cp |docker |KEY=\$\(docker |EVERGRANT_KEY=)/m.test(block));

/** The output that a sample's comments promise: the members of each JSON answer, and the lines that have nothing left out. */
const describedBy = (sample: string): { members: string[]; lines: string[]; isError: boolean } => {
  const comments = sample.split('\n').filter((line) => line.startsWith('# '));
  const text = comments.join('\n');
  return {
    members: [...text.matchAll(/"([a-z_]+)":/g)].map(([, name]) => name!),
    lines: comments
      .map((line) => line.slice(2))
      .filter((line) => /^(https?:\S+|\d{3})$/.test(line) && !line.includes('…')),
    isError: text.includes('"code":'),
  };
};

describe('the samples of the documents', () => {
  let api: TestApi;
  let sandbox: TestSandbox;
  let home: string;
  let token: string;

  beforeAll(async () => {
    sandbox = await TestSandbox.start();
    api = await openTestApi({ SANDBOX_URL: sandbox.url });
    home = mkdtempSync(join(tmpdir(), 'samples-'));
    token = await api.token({ expires: '1h' });
    mkdirSync(join(home, '.evergrant'));
    mkdirSync(join(home, 'tmp'));
  });
  afterAll(async () => {
    await api.close();
    await sandbox.stop();
    rmSync(home, { recursive: true });
  });

  /** What `npm start` makes: a key with every scope, and an app at each platform. */
  async function begin(workspace: string): Promise<string> {
    const key = await api.key({ workspace, scopes: [...API_SCOPES] });
    for (const provider of PROVIDER_NAMES) {
      const made = await api.post('/v1/oauth-apps', key, {
        provider,
        name: provider,
        client_id: `sandbox-${provider}`,
        client_secret: 'shh',
      });
      expect(made.status).toBe(201);
    }
    writeFileSync(join(home, '.evergrant', 'session.json'), JSON.stringify({ test_api_key: key }));
    return key;
  }

  /** Runs the samples one after the other in one shell, as a reader does; what each of them wrote. */
  async function run(samples: string[], variables: Record<string, string> = {}): Promise<string[]> {
    const curl = `curl() { command curl --max-time 70 "\${@//localhost:3000/${new URL(api.url).host}}"; }`;
    const npm = `npm() { echo "${token}"; }`;
    const script = samples
      .map((sample) => `echo '${MARK}'\n${sample}`)
      .join('\n')
      .replaceAll('/tmp/', `${home}/tmp/`)
      .replaceAll(SANDBOX, sandbox.url);
    const child = spawn('bash', ['-euo', 'pipefail'], { cwd: home, env: { PATH: process.env.PATH, ...variables } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    child.stdin.end(`${curl}\n${npm}\n${script}`);
    const code = await new Promise((resolve) => child.on('close', resolve));
    const written = output.split(MARK).slice(1);
    if (code !== 0)
      throw new Error(
        `sample ${written.length} ended with ${String(code)}:\n${samples[written.length - 1] ?? ''}\n${written.at(-1) ?? output}`,
      );
    return written;
  }

  function expectAsDescribed(samples: string[], outputs: string[]): void {
    const wrong = samples.flatMap((sample, at) => {
      const output = outputs[at] ?? '';
      const { members, lines, isError } = describedBy(sample);
      const found = [
        ...members.filter((name) => !output.includes(`"${name}":`)),
        ...lines.filter((line) => !output.includes(line)),
      ];
      if (/"code":"|"status":[45]\d\d/.test(output) !== isError && !sample.includes('_control'))
        found.push('whether it is an error');
      return found.length > 0 ? [{ sample, output, lacks: found }] : [];
    });
    expect(wrong).toEqual([]);
  }

  it.each(['README.md', 'docs/guide.md', 'docs/projects.md'])(
    '%s: each command can be run as it is printed, one after the other, and answers as printed',
    async (path) => {
      await begin(path);
      const samples = samplesOf(path);
      expect(samples.length).toBeGreaterThan(0);
      expectAsDescribed(samples, await run(samples));
    },
  );

  it('docs/sandbox.md: each command can be run as it is printed, one after the other, and answers as printed', async () => {
    // The last one needs a connected account: apps/api/src/push/sandbox-push.int-spec.ts has one.
    const samples = samplesOf('docs/sandbox.md').filter((sample) => !sample.includes('delete_data'));
    expect(samples.length).toBeGreaterThan(5);
    expectAsDescribed(samples, await run(samples));
  });

  it.each(readdirSync('docs/setup').filter((name) => name !== 'README.md'))(
    'docs/setup/%s: the app can be registered as it is printed',
    async (name) => {
      const key = await api.key({ workspace: name });
      for (const output of await run(samplesOf(`docs/setup/${name}`), { KEY: key, PUBLIC_URL: API }))
        expect(output).toContain('"redirect_uri":"http');
    },
  );

  it('docs/guide.md: the definition of an own provider is one that the service takes', () => {
    const [definition] = blocks('docs/guide.md', 'json');
    expect(() => {
      registerProviders(JSON.parse(definition!));
    }).not.toThrow();
  });
});
