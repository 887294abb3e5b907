import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GrantTruth, Knobs, SeededGrant } from './contract.js';

export interface RegisteredClient {
  id: string;
  secret: string;
  redirectUri: string;
}

export interface EngineSettings {
  /** `http://127.0.0.1:<port>`: where it is reached. */
  url: string;
  client: RegisteredClient;
  /** Read at every request: they are turned while it runs. */
  knobs: Readonly<Knobs>;
}

/** A request whose form has been read already. */
export type ReadRequest = IncomingMessage & { body?: Record<string, string> };

/** Other people's authorization server, behind the few words that the harness needs. */
export interface Engine {
  handle(request: ReadRequest, response: ServerResponse): Promise<void>;
  seed(userId: string): Promise<SeededGrant>;
  truth(userId: string): GrantTruth;
  userIds(): string[];
  /** Whose refresh token it is or was; null: never issued. */
  ownerOf(refreshToken: string): string | null;
  revoke(userId: string): Promise<void>;
}

/** A refresh token outlives every run. */
export const REFRESH_TOKEN_LIFE = 400 * 86_400;
