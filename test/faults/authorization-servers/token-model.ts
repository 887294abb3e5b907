import { timingSafeEqual } from 'node:crypto';
import type { RegisteredClient } from './engine.js';
import { fingerprint } from './fingerprint.js';

interface Issued {
  accessToken: string;
  accessTokenExpiresAt?: Date;
  refreshToken?: string;
  refreshTokenExpiresAt?: Date;
  scope?: string[];
}
interface User {
  id: string;
}
interface Client {
  id: string;
  grants: string[];
}
type Found<Kept> = Kept & { client: Client; user: User };
interface KeptRefresh {
  refreshToken: string;
  refreshTokenExpiresAt?: Date;
  scope?: string[];
}
interface KeptAccess {
  accessToken: string;
  accessTokenExpiresAt?: Date;
  scope?: string[];
}

/** The model that @node-oauth/oauth2-server requires, on maps; tokens are kept by fingerprint. */
export class TokenModel {
  readonly users = new Map<string, { leaf: string | null; revoked: boolean }>();
  readonly #owners = new Map<string, string>();
  readonly #refresh = new Map<string, Found<KeptRefresh>>();
  readonly #access = new Map<string, Found<KeptAccess>>();

  constructor(private readonly registered: RegisteredClient) {}

  readonly getClient = (id: string, secret: string): Promise<Client | false> => {
    const right = timingSafeEqual(Buffer.from(fingerprint(secret)), Buffer.from(fingerprint(this.registered.secret)));
    return Promise.resolve(id === this.registered.id && right && this.client);
  };

  get client(): Client {
    return { id: this.registered.id, grants: ['authorization_code', 'refresh_token'] };
  }

  readonly getRefreshToken = (token: string): Promise<Found<KeptRefresh> | false> =>
    Promise.resolve(this.#refresh.get(fingerprint(token)) ?? false);

  readonly getAccessToken = (token: string): Promise<Found<KeptAccess> | false> =>
    Promise.resolve(this.#access.get(fingerprint(token)) ?? false);

  /** The library's word for spending a refresh token. */
  readonly revokeToken = ({ refreshToken, user }: { refreshToken: string; user: User }): Promise<boolean> => {
    const state = this.users.get(user.id);
    if (state) state.leaf = null;
    return Promise.resolve(this.#refresh.delete(fingerprint(refreshToken)));
  };

  readonly saveToken = (
    issued: Issued,
    client: Client,
    user: User,
  ): Promise<Issued & { client: Client; user: User }> => {
    const { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt, scope } = issued;
    this.#access.set(fingerprint(accessToken), { accessToken, accessTokenExpiresAt, scope, client, user });
    if (refreshToken) {
      const leaf = fingerprint(refreshToken);
      this.#refresh.set(leaf, { refreshToken, refreshTokenExpiresAt, scope, client, user });
      this.#owners.set(leaf, user.id);
      this.users.set(user.id, { leaf, revoked: false });
    }
    return Promise.resolve({ ...issued, client, user });
  };

  ownerOf(refreshToken: string): string | null {
    return this.#owners.get(fingerprint(refreshToken)) ?? null;
  }

  revokeUser(userId: string): void {
    for (const tokens of [this.#refresh, this.#access]) {
      for (const [key, { user }] of tokens) if (user.id === userId) tokens.delete(key);
    }
    this.users.set(userId, { leaf: null, revoked: true });
  }

  /** Whose token it is, of either kind. */
  userOf(token: string): string | undefined {
    const key = fingerprint(token);
    return (this.#refresh.get(key) ?? this.#access.get(key))?.user.id;
  }
}
