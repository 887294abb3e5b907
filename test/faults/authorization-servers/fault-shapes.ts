import type { Fault, FaultMoment, Rewriting } from './contract.js';

const json = { 'content-type': 'application/json' };

/** Shapes of failures, as platforms and what stands before them make it. */
export const shapes = {
  status: (status: number, when?: FaultMoment): Fault => ({ kind: 'answer', status, when }),
  html: (status: number, when?: FaultMoment): Fault => ({
    ...{ kind: 'answer', status, when, headers: { 'content-type': 'text/html' } },
    body: '<!doctype html><title>Attention required</title><h1>One more step</h1>',
  }),
  /** After the rotation, at the first use of one token in `oneIn`. */
  gatewayTimeout: (oneIn = 1): Fault => ({
    kind: 'answer',
    status: 504,
    when: 'after',
    first: true,
    oneIn,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><title>504 Gateway Time-out</title>',
  }),
  hang: (when?: FaultMoment): Fault => ({ kind: 'hang', when }),
  reset: (when?: FaultMoment): Fault => ({ kind: 'reset', when }),
  slow: (seconds: number, when?: FaultMoment): Fault => ({ kind: 'slow', seconds, when }),
  rateLimited: (seconds: number): Fault => ({
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': String(seconds) },
  }),
  /** The other form of Retry-After (RFC 9110 10.2.3). */
  rateLimitedUntil: (time: Date): Fault => ({
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': time.toUTCString() },
  }),
  /** A standard refusal (RFC 6749 5.2). */
  oauthError: (error: string, status = 400): Fault => ({
    kind: 'answer',
    status,
    headers: json,
    body: JSON.stringify({ error }),
  }),
  rewrite: (how: Rewriting): Fault => ({ kind: 'rewrite', how }),
  /** JSON, but none of ours. */
  wrongJson: (when?: FaultMoment): Fault => ({
    kind: 'answer',
    status: 200,
    headers: json,
    when,
    body: '{"access_token":42,"ok":true}',
  }),
  /** truncated JSON. */
  tornJson: (when?: FaultMoment): Fault => ({
    kind: 'answer',
    status: 200,
    headers: json,
    when,
    body: '{"access_token":"abc',
  }),
  empty: (when?: FaultMoment): Fault => ({ kind: 'answer', status: 200, when, body: '' }),
} as const;
