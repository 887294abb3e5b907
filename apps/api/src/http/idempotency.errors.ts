import { CodedError } from '#observability';

export const keyReused = (): CodedError =>
  new CodedError('idempotency.key_reused', 'This Idempotency-Key was used with another body; take a new one.');

/** Also for a request that lost its hold on the key to another one: its changes are rolled back. */
export const stillRunning = (): CodedError =>
  new CodedError('idempotency.running', 'The request with this Idempotency-Key is still running.', { retryAfter: 1 });

export const secretShownOnce = (): CodedError =>
  new CodedError(
    'idempotency.secret_shown_once',
    'This was done; the secret in its answer is shown once and not kept.',
  );
