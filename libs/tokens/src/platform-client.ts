import { seconds } from '#config';
import { type PlatformAnswer, type PlatformRequest, reach } from '#providers';
import type { Environment } from '#persistence';

const LARGEST_ANSWER = 1024 * 1024;

/** The request cannot have arrived: nothing was sent. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
  readonly code = 'provider.not_reached';
}

/** The request may have arrived; its answer did not. For a one-time token that is a third case, neither yes nor no. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
  readonly code = 'provider.answer_lost';
}

export interface SendOptions {
  environment: Environment;
  /** Milliseconds to wait for the whole answer. Giving up early on a rotation is losing a token. */
  within: number;
}

/** How this room speaks HTTP to platforms: no redirects, at most 1 MB, and a difference between "not sent" and "not answered". */
export class PlatformClient {
  constructor(private readonly sandboxUrl: string) {}

  async send(request: PlatformRequest, { environment, within }: SendOptions): Promise<PlatformAnswer> {
    const { method, url, headers, form } = request.reveal();
    try {
      const response = await fetch(reach(url, environment, this.sandboxUrl), {
        method,
        headers: { accept: 'application/json', ...headers },
        body: form && new URLSearchParams(form),
        redirect: 'manual',
        signal: AbortSignal.timeout(within),
      });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await readBody(response) };
    } catch (error) {
      throw neverArrived(error) ? new NotSent(request.toString()) : new AnswerLost(request.toString());
    }
  }
}

/** The longest a token endpoint is waited for (X and its like rotate before they answer). */
export const TOKEN_DEADLINE = seconds(120);
/** The longest an API call is waited for: nothing is lost with it. */
export const API_DEADLINE = seconds(20);

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Failures of the handshake: the platform was not who it should be, or spoke no TLS. */
const HANDSHAKE = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);
const BEFORE_SENDING = new Set(['getaddrinfo', 'connect']);

/** Only causes that cannot occur after the first byte went out; everything else is taken as lost. */
function neverArrived(error: unknown): boolean {
  const cause = fieldOf(error, 'cause');
  const eachAddress = fieldOf(cause, 'errors');
  const causes = Array.isArray(eachAddress) && eachAddress.length > 0 ? (eachAddress as unknown[]) : [cause];
  return causes.every((one) => BEFORE_SENDING.has(String(fieldOf(one, 'syscall'))) || HANDSHAKE.has(String(fieldOf(one, 'code'))));
}

/** By name, not by class: fetch's errors may come from another realm than ours. */
const fieldOf = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined;
