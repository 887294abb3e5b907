import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './app-process.js';
import { Backend, reply, type Reply } from './backend.js';
import { freePorts } from './free-ports.js';
import { launch, type Launched } from './launch.mjs';
import { OtlpReceiver } from './otlp-receiver.js';
import { PlatformRecorder } from './platform-recorder.js';
import { openTestRedis, type TestRedis } from './redis.js';
import { type Places, readFolder, readRedis, readTables } from './secret-places.js';
import { type KnownSecret, SecretSearch } from './secret-search.js';
import { databaseUrlOf } from './service-processes.mjs';

/** The kinds of secrets that some answers hand out, by method and path; every other answer holds none. */
const HAND_OUTS: readonly [request: RegExp, kinds: string][] = [
  [/^GET \/v1\/oauth\/\w+\/start|\/attempts\/|\/social\//, 'state'],
  [/\/callback\?/, 'state or connect token'],
  [/\/reauth/, 'state or reauth token'],
  [/\/token$/, 'access token'],
  [/^POST \/v1\/api-keys$/, 'API key'],
];

/** Answers, by the kinds of secrets that they may hold. */
type Answers = Map<string, Buffer[]>;

/** A backend that keeps every answer. */
class RecordingBackend extends Backend {
  constructor(
    service: Backend['service'],
    key: string,
    private readonly answers: Answers,
  ) {
    super(service, key);
  }

  override async request(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
    const answer = await super.request(method, path, init);
    const kinds = HAND_OUTS.find(([request]) => request.test(`${method} ${path}`))?.[1] ?? '';
    const bytes = Buffer.from(JSON.stringify([answer.status, answer.body, [...answer.headers]]));
    this.answers.set(kinds, [...(this.answers.get(kinds) ?? []), bytes]);
    return answer;
  }
}

export const randomSecret = (kind: string): string =>
  `${kind.replaceAll(' ', '-')}-${randomBytes(24).toString('base64url')}`;

/** `npm start` prints the test key in it, for a person to copy. */
const GREETING = /Evergrant is ready after[^]*?what is connected stays\./;

/** A running service of a test's own, with everything in which bytes of it lie, and the secrets that it must not hold there. */
export class WatchedService {
  /** What this service, its operator and its clients keep secret. */
  readonly known: KnownSecret[] = [];
  /** The lines of commands beside the result that they print. */
  readonly commandLogs: string[] = [];
  readonly masterKeys = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`);
  backend!: Backend;
  #launched!: Launched;
  readonly #answers: Answers = new Map();
  #workerUrl = '';
  readonly #metricsToken = this.keep('metrics token', randomSecret('metrics'));

  private constructor(
    readonly home: string,
    readonly receiver: OtlpReceiver,
    readonly recorder: PlatformRecorder,
    readonly redis: TestRedis | undefined,
  ) {}

  /** Starts its processes; `ready` resolves when they run. */
  static async launch(queue: string): Promise<WatchedService> {
    const home = await mkdtemp(join(tmpdir(), 'evergrant-secrets-'));
    const ports = await freePorts();
    const { port: workerPort } = await freePorts();
    const service = new WatchedService(
      home,
      await OtlpReceiver.open(),
      await PlatformRecorder.open(`http://localhost:${ports.sandboxPort}`),
      queue === 'redis' ? await openTestRedis(home) : undefined,
    );
    service.#workerUrl = `http://localhost:${workerPort}`;
    await service.storeMasterKeys();
    service.#launched = launch({ home, ...ports, variables: service.#variables(workerPort) });
    return service;
  }

  #variables(workerPort: number): NodeJS.ProcessEnv {
    return {
      ...{ LOG_LEVEL: 'trace', REDIS_URL: this.redis?.url ?? '', SANDBOX_URL: this.recorder.url },
      ...{ METRICS_TOKEN: this.#metricsToken, METRICS_PORT: String(workerPort) },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: this.receiver.url, OTEL_BSP_SCHEDULE_DELAY: '100' },
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${this.keep('collector credential', randomSecret('collector'))}`,
    };
  }

  async ready(): Promise<void> {
    await this.#launched.ready();
    const session = JSON.parse(await readFile(join(this.home, 'session.json'), 'utf8')) as Record<string, string>;
    const service = { apiUrl: session.api_url!, sandboxUrl: this.recorder.url, home: this.home };
    this.backend = new RecordingBackend(service, this.keep('API key', session.test_api_key), this.#answers);
    for (const key of this.masterKeys)
      this.known.push({ kind: 'master key', value: Buffer.from(key.split(':')[1]!, 'base64') });
    this.keep('database password', await readFile(join(this.home, 'postgres.password'), 'utf8'));
    const { d } = JSON.parse(await readFile(join(this.home, 'jwt.private.json'), 'utf8')) as { d: string };
    this.known.push({ kind: 'signing key', value: Buffer.from(d, 'base64url') });
  }

  async close(): Promise<void> {
    this.#launched.signal('SIGTERM');
    await this.#launched.exited;
    this.recorder.close();
    await this.receiver.close();
    await this.redis?.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Notes a secret; throws when there is none. */
  keep(kind: string, value: string | null | undefined): string {
    if (!value) throw new Error(`there is no ${kind}`);
    this.known.push({ kind, value });
    return value;
  }

  /** A client with another credential. */
  clientOf(credential: string): Backend {
    return new RecordingBackend(this.backend.service, credential, this.#answers);
  }

  /** All that the processes have logged. */
  logs(): string {
    return this.#launched.output().replace(GREETING, '');
  }

  /** Runs a command of the operator; returns what it prints as its result. */
  async command(...words: string[]): Promise<string> {
    const env = { DATABASE_URL: databaseUrlOf(this.home), MASTER_KEYS: this.masterKeys.join(), LOG_LEVEL: 'trace' };
    const { stdout, log } = await runCommand(words, { ...env, EVERGRANT_HOME: this.home });
    this.commandLogs.push(log);
    return stdout.trim();
  }

  /** Writes the master keys in their present order, for the next start of a process. */
  async storeMasterKeys(): Promise<void> {
    await writeFile(join(this.home, 'master.key'), `${this.masterKeys.join('\n')}\n`, { mode: 0o600 });
  }

  /** `logs: client secret, hex`: each secret in a place that may not hold it. */
  async leaks(): Promise<string[]> {
    const search = new SecretSearch([...this.known, ...this.recorder.secrets]);
    return [...(await this.#readPlaces())].flatMap(([place, bytes]) =>
      search
        .find(bytes)
        .filter((found) => !isAllowed(place, found))
        .map((found) => `${place}: ${found}`),
    );
  }

  async #readPlaces(): Promise<Places> {
    const authorization = `Bearer ${this.#metricsToken}`;
    const metricsOf = async (url: string): Promise<Buffer> => {
      const { status, body } = await reply(`${url}/metrics`, { headers: { authorization } });
      if (status !== 200) throw new Error(`the metrics of ${url} answer ${status}`);
      return Buffer.from(String(body));
    };
    return new Map([
      ['logs', Buffer.from(this.logs())],
      ['logs of commands', Buffer.from(this.commandLogs.join('\n'))],
      ['metrics of the API', await metricsOf(this.backend.service.apiUrl)],
      ['metrics of the worker', await metricsOf(this.#workerUrl)],
      ['spans', this.receiver.bytes],
      ...[...this.#answers].map(
        ([kinds, answers]) => [kinds ? `answers with ${kinds}` : 'answers', Buffer.concat(answers)] as const,
      ),
      ...(await readTables(databaseUrlOf(this.home))),
      ...readFolder('journal', join(this.home, 'journal')),
      ...readFolder('write-ahead log', join(this.home, 'postgres/pg_wal')),
      ...(this.redis ? await readRedis(this.redis.url) : []),
    ]);
  }
}

/** Whether the place is an answer that hands out secrets of this kind. */
function isAllowed(place: string, found: string): boolean {
  const kinds = place.startsWith('answers with ') ? place.slice('answers with '.length).split(' or ') : [];
  return kinds.includes(found.split(',')[0] ?? '');
}
