import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as sections from '../libs/config/src/sections.js';

interface Service {
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  configs: Record<string, unknown>;
};
const ours = Object.entries(compose.services).filter(([, service]) => service.build);
const known = new Set(Object.values(sections).flatMap((section) => Object.keys(section.in.shape)));
const example = readFileSync('.env.example', 'utf8');
const dockerfile = readFileSync('Dockerfile', 'utf8');

/** What a container needs otherwise than `npm start`, and what is for development: not for an .env file to say. */
const OF_THE_CONTAINERS = [
  'NODE_ENV', 'HOST', 'PORT', 'SANDBOX_HOST', 'SANDBOX_PORT', 'SANDBOX_URL', 'EVERGRANT_HOME', 'DATABASE_URL', 'DATABASE_POOL', 'REDIS_URL',
  'EXCHANGER_SOCKET', 'JOURNAL_DIR', 'MASTER_KEYS_FILE', 'CRASH_AT', 'SEED_TEST_API_KEY',
];
const taken = [...known].filter((name) => !OF_THE_CONTAINERS.includes(name)).sort();

/** The volume that holds a path. */
const volumeOf = ({ volumes = [] }: Service, path: string): string | undefined =>
  volumes.map((volume) => volume.split(':')).find(([, place]) => path.startsWith(`${place}/`))?.[0];

/** The source that the build makes an entry of. */
const sourceOf = (entry = ''): string => entry.replace(/^dist\//, '').replace(/\.js$/, '.ts');

describe('docker-compose.yml', () => {
  it('runs every app, and the migration before those that need it', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(['api', 'exchanger', 'migrate', 'sandbox', 'worker']);
    for (const name of ['api', 'exchanger', 'worker']) {
      expect(compose.services[name]?.depends_on?.migrate?.condition).toBe('service_completed_successfully');
    }
  });

  it.each(ours)('runs an entry of an app that is there: %s', (_name, { command }) => {
    const entry = command?.at(-1);
    expect(entry).toMatch(/^dist\/apps\/[a-z]+\/src\/[a-z-]+\.js$/);
    expect(existsSync(sourceOf(entry))).toBe(true);
    expect(command?.slice(0, -1).every((option) => option.startsWith('--'))).toBe(true);
  });

  it.each(ours)('sets only variables that somebody reads: %s', (_name, { environment = {} }) => {
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(ours.filter(([name]) => name !== 'sandbox'))('takes from an .env file whatever an operator may set: %s', (_name, { environment = {} }) => {
    expect(Object.entries(environment).filter(([name, value]) => new RegExp(`[$][{]${name}:`).test(value)).map(([name]) => name).sort()).toEqual(taken);
    expect(environment).not.toHaveProperty('HOST');
  });

  it.each([['CUSTOM_PROVIDERS_FILE', 'providers'], ['JWT_PUBLIC_KEY_FILE', 'jwt-public-key']])('mounts the file that is named: %s', (variable, source) => {
    const target = `/etc/evergrant/${source}.json`;
    expect(compose.configs[source]).toEqual({ file: `\${${variable}:-/dev/null}` });
    expect(compose.services.api).toMatchObject({ environment: { [variable]: `\${${variable}:+${target}}` }, configs: expect.arrayContaining([{ source, target }]) });
  });

  it('has the exchanger\'s socket on a volume that its callers share, and its journal on one that nobody else has', () => {
    const { exchanger, ...others } = compose.services;
    const { EXCHANGER_SOCKET: socket = '', JOURNAL_DIR: journal = '' } = exchanger!.environment!;
    for (const name of ['api', 'exchanger', 'worker']) {
      expect(compose.services[name]?.environment?.EXCHANGER_SOCKET).toBe(socket);
      expect(volumeOf(compose.services[name]!, socket)).toBe('socket');
    }
    const kept = volumeOf(exchanger!, journal);
    expect(kept).toBe('journal');
    expect(Object.values(others).flatMap(({ volumes = [] }) => volumes).filter((volume) => volume.startsWith(`${kept}:`))).toEqual([]);
  });

  it('gives one exchanger the time that its exchanges may take', () => {
    expect(compose.services.exchanger).toMatchObject({ stop_grace_period: '130s', mem_limit: '384m' });
    expect(compose.services.exchanger).not.toHaveProperty('deploy');
  });

  it('does not start without a master key, nor gives it to the sandbox', () => {
    expect(compose.services.api?.environment?.MASTER_KEYS).toMatch(/^\$\{MASTER_KEYS:\?/);
    expect(compose.services.worker?.environment?.MASTER_KEYS).toMatch(/^\$\{MASTER_KEYS:\?/);
    expect(Object.keys(compose.services.sandbox?.environment ?? {})).toEqual(['SANDBOX_URL']);
  });
});

describe('Dockerfile', () => {
  it('has an entry of an app as its default, and is not root when it runs', () => {
    const [, command] = /^CMD \["(.*)"\]$/m.exec(dockerfile) ?? [];
    expect(existsSync(sourceOf(command))).toBe(true);
    expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM'));
  });

  it('sets only variables that somebody reads', () => {
    const set = [...dockerfile.matchAll(/([A-Z_]+)=(?=\S)/g)].map(([, name]) => name);
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((name) => !known.has(name!))).toEqual([]);
  });
});

describe('.env.example', () => {
  it('lists exactly the variables that the processes read', () => {
    expect([...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name).sort()).toEqual([...known].sort());
  });

  it.each(Object.entries(sections))('gives the defaults: %s', (_name, section) => {
    const given = Object.fromEntries([...example.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]));
    expect(section.safeParse(given).data).toEqual(section.safeParse({}).data);
  });
});
