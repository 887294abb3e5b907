import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { errors } from 'jose';
import type { ApiConfig } from '#config';
import { type Logger, LOGGER } from '#observability';
import { API_CONFIG } from '../../api-config.js';
import { readTokenKeys, type TokenKeys, type TokenRules } from './dashboard-token.js';
import { RemoteKeys } from './remote-keys.js';

/** The algorithms of a key set; each fits one type of key, and a key that names its algorithm has only that one. */
const REMOTE_ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];

/** What a dashboard token must be signed with: the key of the file, or a key at the JWKS URL. */
@Injectable()
export class DashboardKeys implements OnModuleInit, OnApplicationShutdown {
  readonly rules: TokenRules;
  readonly #remote: RemoteKeys | undefined;

  constructor(@Inject(API_CONFIG) config: ApiConfig, @Inject(LOGGER) logger: Logger) {
    const { publicKeyFile, jwksUrl, issuer, audience } = config.callers.jwt;
    this.#remote = jwksUrl === undefined ? undefined : new RemoteKeys({ url: jwksUrl, logger });
    this.rules = {
      keys: eitherOf(readTokenKeys(publicKeyFile), this.#remote?.find),
      algorithms: jwksUrl === undefined ? ['ES256'] : REMOTE_ALGORITHMS,
      issuer,
      audience,
    };
  }

  onModuleInit(): void {
    this.#remote?.start();
  }

  onApplicationShutdown(): void {
    this.#remote?.close();
  }
}

/** The file comes first: a key set cannot replace its key. */
const eitherOf =
  (local: TokenKeys, remote: TokenKeys | undefined): TokenKeys =>
  async (header, token) => {
    try {
      return await local(header, token);
    } catch (error) {
      if (!remote || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return remote(header, token);
    }
  };
