import { once } from 'node:events';
import { compileFolder, type SourceFolder, type SourceProcess } from '../../support/source-process.js';
import type {
  Counters,
  Fault,
  FaultyEndpoint,
  GrantTruth,
  Knobs,
  RefreshUse,
  SeededGrant,
  ServerKind,
} from './contract.js';

const FOLDER = 'test/faults/authorization-servers';

export interface StartOptions extends Partial<Knobs> {
  kind: ServerKind;
  /** Default: any free port of 127.0.0.1. */
  port?: number;
  controlPort?: number;
}

/** A third-party authorization server in a process of its own, and the hand on its knobs. All of it is in memory. */
export class AuthorizationServer {
  private constructor(
    readonly kind: ServerKind,
    /** `http://127.0.0.1:<port>`, without a slash at the end. */
    readonly url: string,
    readonly controlUrl: string,
    private readonly process: SourceProcess,
    private readonly folder: SourceFolder,
  ) {}

  /** The one client that is registered, with `client_secret_basic`. */
  static readonly client = {
    id: 'evergrant',
    secret: 'the-secret-of-the-fault-test',
    redirectUri: 'http://localhost:3000/v1/oauth/faults/callback',
  };

  /** Starts it and waits until it listens. */
  static async start({ kind, port = 0, controlPort = 0, ...knobs }: StartOptions): Promise<AuthorizationServer> {
    const folder = compileFolder(FOLDER);
    const settings = JSON.stringify({ kind, port, controlPort, knobs, client: AuthorizationServer.client });
    const process = folder.start(`import { serve } from './serve.js'; await serve(${settings});`);
    const listening = await Promise.race([once(process.child, 'message'), process.exited]);
    if (!Array.isArray(listening)) {
      folder.remove();
      throw new Error(`the authorization server did not start\n${process.lines().join('\n')}`);
    }
    const [ports] = listening as [{ port: number; controlPort: number }];
    const at = (number: number): string => `http://127.0.0.1:${number}`;
    return new AuthorizationServer(kind, at(ports.port), at(ports.controlPort), process, folder);
  }

  get pid(): number {
    return this.process.child.pid ?? 0;
  }

  get endpoints(): { authorize: string; token: string; revoke: string; userinfo: string } {
    const under = (path: string): string => `${this.url}/${path}`;
    return {
      authorize: under('auth'),
      token: under('token'),
      revoke: under('token/revocation'),
      userinfo: under('me'),
    };
  }

  /** Makes `count` people with an active grant each. */
  seed(count: number): Promise<SeededGrant[]> {
    return this.send('POST', '/seed', { count });
  }

  /** The state of every seeded grant at the server. */
  truth(): Promise<GrantTruth[]> {
    return this.send('GET', '/truth');
  }

  /** Every presentation of a refresh token, oldest first; `after`: only those with a higher sequence. */
  uses(after = 0): Promise<RefreshUse[]> {
    return this.send('GET', `/uses?after=${after}`);
  }

  counters(): Promise<Counters> {
    return this.send('GET', '/counters');
  }

  /** Changes some knobs; returns the values of all. */
  turn(knobs: Partial<Knobs>): Promise<Knobs> {
    return this.send('POST', '/knobs', knobs);
  }

  /** Scripts the next answers of an endpoint, one fault each, after those already scripted; null: a correct answer. */
  async script(faults: (Fault | null)[], endpoint: FaultyEndpoint = 'token'): Promise<void> {
    await this.send('POST', '/script', { endpoint, faults });
  }

  /** From now on every answer that is not scripted has this fault; null: none. */
  async always(fault: Fault | null, endpoint: FaultyEndpoint = 'token'): Promise<void> {
    await this.send('POST', '/always', { endpoint, fault });
  }

  /** Ends all faults, also the scripted ones, and resets the connections of held answers. */
  async heal(): Promise<void> {
    await this.send('POST', '/heal');
  }

  /** The person revokes the grant: refresh and access tokens are invalid at once. */
  async revoke(userIds: string[]): Promise<void> {
    await this.send('POST', '/revoke', { userIds });
  }

  /** Ends it; its whole state is gone. */
  stop(): Promise<void> {
    return this.kill('SIGTERM');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.child.kill(signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    await this.process.exited;
    this.folder.remove();
  }

  private async send<Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.controlUrl}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }
}
