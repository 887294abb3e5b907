import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { seconds } from '#config';
import { type PlatformAnswer, type PlatformRequest, reach } from '#providers';
import type { Environment } from '#persistence/sql';
import { NotSent, PlatformConnection } from './platform-connection.js';

export { AnswerLost, NotSent } from './platform-connection.js';

export interface SendOptions {
  environment: Environment;
  /** Milliseconds to wait for the whole answer. Giving up early on a rotation is losing a token. */
  within: number;
}

/** The longest a token endpoint is waited for (X and its like rotate before they answer). */
export const TOKEN_DEADLINE = seconds(120);
/** The longest an API call is waited for: nothing is lost with it. */
export const API_DEADLINE = seconds(20);

/** No server was reached. */
export const UNREACHABLE = { class: 'temporary', reason: 'provider_unavailable', code: 'not_reached' } as const;

/** Shorter than what servers keep: a connection that they are about to close would look like a lost answer. */
const IDLE = { keepAlive: true, timeout: seconds(4) };

/** HTTP client for platforms: no redirects, answers of at most 1 MB, and different errors for "not sent" and "not answered". */
export class PlatformClient {
  readonly #http = new HttpAgent(IDLE);
  readonly #https = new HttpsAgent(IDLE);

  constructor(private readonly sandboxUrl: string) {}

  /** Connects and sends. Throws NotSent or AnswerLost. */
  async send(request: PlatformRequest, { environment, within }: SendOptions): Promise<PlatformAnswer> {
    const line = await this.connect(request, environment);
    return line.send(within);
  }

  /** Connects, TLS included, and sends nothing yet. Throws NotSent. */
  async connect(request: PlatformRequest, environment: Environment): Promise<PlatformConnection> {
    const line = this.begin(request, environment);
    await line.connected();
    return line;
  }

  private begin(request: PlatformRequest, environment: Environment): PlatformConnection {
    const { method, url, headers, form } = request.reveal();
    const { host } = new URL(url);
    const target = new URL(reach(url, environment, this.sandboxUrl));
    const secure = target.protocol === 'https:';
    const body = form && new URLSearchParams(form).toString();
    const all = { ...DEFAULT_HEADERS, ...(body !== undefined && FORM), ...headers };
    const agent = secure ? this.#https : this.#http;
    try {
      const outgoing = (secure ? httpsRequest : httpRequest)(target, { method, agent, headers: all });
      return new PlatformConnection(outgoing, { name: request.toString(), method, host, body, secure });
    } catch {
      // A header that cannot be sent; its error would quote it.
      throw new NotSent(request.toString());
    }
  }
}

const DEFAULT_HEADERS = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'evergrant' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' };
