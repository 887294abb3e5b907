import type { Duration } from '#config';
import { type CallNotes, digestOf, type EndpointName } from '#providers/sandbox';
import type { CallRecord } from '../memory/call-log.js';

const FINGERPRINT_LENGTH = 12;

/** The outcome of a call, before it is known whether its answer is delivered. */
export interface CallResult {
  readonly outcome: string;
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What happens between the finished work and the caller. */
export interface Effects {
  readonly delay: Duration;
  /** Before each byte of the body; 0: it is sent at once. */
  readonly drip: Duration;
  readonly cut: boolean;
  /** Another answer is sent. */
  readonly replaced: boolean;
}

export interface Called {
  readonly provider: string;
  readonly endpoint: EndpointName;
  readonly notes: CallNotes;
  readonly result: CallResult;
  readonly effects: Effects;
  readonly authorization?: string | undefined;
}

/** The line of the call log; what is undefined is left out of its JSON. */
export const recordOf = ({
  provider,
  endpoint,
  notes,
  result,
  effects,
  authorization,
}: Called): Omit<CallRecord, 'seq' | 'at'> => ({
  provider,
  endpoint,
  grant_type: notes.grantType,
  client_id: notes.clientId,
  persona: notes.persona,
  outcome: result.outcome,
  status: result.status,
  error: result.outcome === 'ok' ? undefined : errorCodeOf(result.body),
  bearer_fingerprint: bearerFingerprint(authorization),
  refresh_token_fingerprint: notes.presented?.slice(0, FINGERPRINT_LENGTH),
  issued_refresh_token_fingerprint: notes.issued?.slice(0, FINGERPRINT_LENGTH),
  delay_ms: effects.delay || undefined,
  drip_ms: effects.drip || undefined,
  connection_cut: effects.cut || undefined,
  answer_replaced: effects.replaced || undefined,
});

const bearerFingerprint = (authorization: string | undefined): string | undefined =>
  authorization?.startsWith('Bearer ') ? digestOf(authorization).slice(0, FINGERPRINT_LENGTH) : undefined;

/** Platforms put it into `error`, into `error.code`, into `title` or into `code`. */
function errorCodeOf(body: unknown): string | undefined {
  const { error, title, code } = Object(body) as { error?: unknown; title?: unknown; code?: unknown };
  const named = (Object(error) as { code?: unknown }).code ?? error ?? title ?? code;
  return typeof named === 'string' || typeof named === 'number' ? `${named}` : undefined;
}
