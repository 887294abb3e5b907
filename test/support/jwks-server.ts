import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface Signing {
  kid?: string;
  alg?: string;
  claims?: JWTPayload;
  issuer?: string;
  audience?: string;
  expires?: string;
  notBefore?: string;
}

/** A key pair of an identity provider. */
export class SigningKey {
  private constructor(
    readonly kid: string,
    readonly alg: string,
    private readonly privateKey: CryptoKey,
    readonly publicJwk: JWK,
  ) {}

  static async make(kid: string, alg: string): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    return new SigningKey(kid, alg, privateKey, { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  }

  /** By default a valid token of five minutes. */
  sign({ issuer = 'https://id.example', audience = 'evergrant', ...overrides }: Signing = {}): Promise<string> {
    const token = new SignJWT({ sub: 'default', ...overrides.claims })
      .setProtectedHeader({ alg: overrides.alg ?? this.alg, kid: overrides.kid ?? this.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(overrides.expires ?? '5m');
    if (overrides.notBefore !== undefined) token.setNotBefore(overrides.notBefore);
    return token.sign(this.privateKey);
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A JWKS URL of an identity provider, over real HTTP. */
export class JwksServer {
  keys: JWK[] = [];
  /** How many times the keys were requested. */
  requests = 0;
  /** Answers in place of the keys. */
  instead: Handler | undefined;
  readonly #server = createServer((request, response) => {
    this.requests += 1;
    if (this.instead) this.instead(request, response);
    else response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: this.keys }));
  });

  static async start(...keys: SigningKey[]): Promise<JwksServer> {
    const server = new JwksServer();
    server.keys = keys.map(({ publicJwk }) => publicJwk);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
