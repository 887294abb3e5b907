import type { PlatformAnswer, PlatformRequest } from '#providers';
import { AnswerLost, NotSent, PlatformClient } from '#tokens/testing';
import type { Reply, Shape } from './shapes.js';

type Connection = Awaited<ReturnType<PlatformClient['connect']>>;

const LIFE = 7_200;
const REFUSED = { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' };
const json = (status: number, body: unknown): PlatformAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
});

/** A platform with one-time refresh tokens, in memory, with outages of any shape. */
export class ScriptedPlatform extends PlatformClient {
  /** The current outage; null: it works. */
  outage: Shape | null = null;
  /** Requests to its token endpoint, also those that an outage prevents. */
  requests = 0;
  readonly #personOf = new Map<string, string>();
  readonly #revoked = new Set<string>();
  #issued = 0;

  /** `pass` resolves after the given number of virtual seconds. */
  constructor(private readonly pass: (seconds: number) => Promise<void>) {
    super('http://nowhere.invalid');
  }

  /** Issues a pair to a person, as after a consent. */
  issue(person: string): { access: string; refresh: string } {
    this.#issued += 1;
    const refresh = `refresh-${person}-${this.#issued}`;
    this.#personOf.set(refresh, person);
    return { access: `access-${person}`, refresh };
  }

  revoke(person: string): void {
    this.#revoked.add(person);
  }

  override connect(request: PlatformRequest): Promise<Connection> {
    this.requests += 1;
    const { outage } = this;
    const reply = outage?.token?.();
    if (reply === 'not_sent') return Promise.reject(new NotSent(request.toString()));
    const send = async (): Promise<PlatformAnswer> => {
      if (outage?.spends) this.refresh(request);
      if (outage?.takes) await this.pass(outage.takes);
      return this.deliver(request, reply ?? this.refresh(request));
    };
    return Promise.resolve({ send, abort: () => undefined } as unknown as Connection);
  }

  override send(request: PlatformRequest): Promise<PlatformAnswer> {
    return this.deliver(request, this.outage?.api?.() ?? this.identify(request));
  }

  private deliver(request: PlatformRequest, reply: Reply): Promise<PlatformAnswer> {
    if (reply === 'not_sent') return Promise.reject(new NotSent(request.toString()));
    return reply === 'lost' ? Promise.reject(new AnswerLost(request.toString())) : Promise.resolve(reply);
  }

  private refresh(request: PlatformRequest): PlatformAnswer {
    const sent = request.reveal().form?.['refresh_token'] ?? '';
    const person = this.#personOf.get(sent);
    this.#personOf.delete(sent);
    if (person === undefined || this.#revoked.has(person)) return json(400, REFUSED);
    const { access, refresh } = this.issue(person);
    return json(200, { access_token: access, refresh_token: refresh, expires_in: LIFE, token_type: 'bearer' });
  }

  private identify(request: PlatformRequest): PlatformAnswer {
    const { authorization = '' } = request.reveal().headers ?? {};
    const person = authorization.replace('Bearer access-', '');
    return this.#revoked.has(person)
      ? json(401, { title: 'Unauthorized', status: 401 })
      : json(200, { data: { id: person } });
  }
}
