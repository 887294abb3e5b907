import type { Answer, TestSandbox } from './sandbox.js';

export type Params = Record<string, string | undefined>;

/** Of a call that was answered; in an error these are undefined whatever their type is. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly [field: string]: unknown;
}

export interface ClientStyle {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** A complete authorize request. */
  readonly authorize: Params;
  /** Fields of every call to the token endpoint, and those of an exchange besides. */
  readonly token: Params;
  readonly exchange: Params;
  readonly headers?: Record<string, string>;
}

const given = (params: Params): Record<string, string> =>
  Object.fromEntries(Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** An app that connects people at an imitated platform, correct except where a test overrides a parameter. */
export class SandboxClient {
  constructor(
    private readonly sandbox: () => TestSandbox,
    private readonly style: ClientStyle,
  ) {}

  /** `undefined` omits a parameter. */
  authorize(params: Params = {}): Promise<Answer> {
    const query = new URLSearchParams(given({ ...this.style.authorize, ...params }));
    return this.sandbox().call(`${this.style.authorizeUrl}?${query.toString()}`);
  }

  /** The redirect that follows the person's answer. */
  async decided(persona = 'happy', decision = 'approve', params: Params = {}): Promise<URL> {
    const answer = await this.authorize({ ...params, sandbox_user: persona, sandbox_decision: decision });
    return new URL(answer.headers.get('location')!);
  }

  async code(params: Params = {}, persona = 'happy'): Promise<string> {
    return (await this.decided(persona, 'approve', params)).searchParams.get('code')!;
  }

  exchange(code: string, fields: Params = {}, headers = this.style.headers): Promise<Answer<TokenAnswer>> {
    return this.post({ grant_type: 'authorization_code', code, ...this.style.exchange, ...fields }, headers);
  }

  refresh(token: string, fields: Params = {}, headers = this.style.headers): Promise<Answer<TokenAnswer>> {
    return this.post({ grant_type: 'refresh_token', refresh_token: token, ...fields }, headers);
  }

  /** The token answer after a consent. */
  async connect(persona = 'happy', params: Params = {}): Promise<TokenAnswer> {
    return (await this.exchange(await this.code(params, persona))).body;
  }

  private post(fields: Params, headers: Record<string, string> = {}): Promise<Answer<TokenAnswer>> {
    return this.sandbox().form<TokenAnswer>(this.style.tokenUrl, given({ ...this.style.token, ...fields }), headers);
  }
}
