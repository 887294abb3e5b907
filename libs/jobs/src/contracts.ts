import { z } from 'zod';
import { defineJob } from './job-contract.js';

/*
 * The contract of every job. Each export of this file is a known job: the worker starts only when each of them has exactly
 * one handler.
 */

/** Finds the grants that are due and requests their refresh. The next sweep finds the grants that a failed sweep missed. */
export const grantsSweep = defineJob({ name: 'grants.sweep', payload: z.object({}), attempts: 1 });

/**
 * Refreshes one grant; a grant has at most one such job at a time. The attempts cover a short failure of this service. When a
 * platform fails, the due time of the grant decides when the next refresh starts.
 */
export const grantRefresh = defineJob({
  name: 'grant.refresh',
  payload: z.object({ grantId: z.uuid() }),
  attempts: 3,
  identity: ({ grantId }) => grantId,
});

/**
 * Finds out whether the platform of an app accepts its new client secret. The process that stored the secret does it first; the
 * sweep requests this job for what that process left undone.
 */
export const secretConfirm = defineJob({
  name: 'secret.confirm',
  payload: z.object({ oauthAppId: z.uuid() }),
  attempts: 1,
  identity: ({ oauthAppId }) => oauthAppId,
});

/** Finds the accounts whose probe is due. */
export const probesSweep = defineJob({ name: 'probes.sweep', payload: z.object({}), attempts: 1 });

/**
 * Checks one account at its platform. When the platform gives no answer, the due time of the account starts the next probe.
 * Refreshes go first: probes of a platform that hangs would delay them until tokens end.
 */
export const accountProbe = defineJob({
  name: 'account.probe',
  payload: z.object({ accountId: z.uuid() }),
  attempts: 3,
  isBackground: true,
  identity: ({ accountId }) => accountId,
});

/** Finishes attempts whose code is exchanged but whose account is not stored, fails expired ones and deletes old ones. */
export const attemptsSweep = defineJob({ name: 'attempts.sweep', payload: z.object({}), attempts: 1 });

/** Ends grants that no connected account uses. A consent at another app ends the one it leaves; this finds the others. */
export const grantsRetire = defineJob({ name: 'grants.retire', payload: z.object({}), attempts: 1 });

/** Deletes rows whose retention has ended: exchanges, events, idempotency keys. The next sweep continues with the rest. */
export const historySweep = defineJob({ name: 'history.sweep', payload: z.object({}), attempts: 1 });

/** Reopens the sealed rows that did not open, and derives the health of their accounts. */
export const sealsSweep = defineJob({ name: 'seals.sweep', payload: z.object({}), attempts: 1 });
