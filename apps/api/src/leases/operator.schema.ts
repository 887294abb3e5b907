import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import {
  type EndedLease,
  LEASE_REQUEST_STATUSES,
  POOL_STATES,
  POOL_STEP_STATES,
  POOL_STEPS,
  type PoolAccountRecord,
  type PoolStepName,
  PROFILE_FIELDS,
  rawText,
  text,
} from '#accounts';
import { CodedError, Secret } from '#observability';
import { HEALTHS } from '#persistence';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import {
  idField,
  idInProjectsPath,
  idOf,
  isoTime,
  listOf,
  provider,
  ProjectsIdPipe,
  publicId,
  scopeList,
  time,
} from '../http/fields.js';
import { attemptErrorSchema, attemptErrorView } from '../projects/social-connect.schema.js';
import { pageQuery } from '../projects/project.schema.js';
import { trueOrFalse } from '../projects/social-account.schema.js';
import { operatorRequestExample, operatorRequestSchema } from './lease.schema.js';

const POOL_ID = 'pool_01h455vb4pex5vsknk084sn02z';

export const PoolAccountId = (): ParameterDecorator => Param('id', new ProjectsIdPipe('pool', 'id'));
export const DescribePoolAccountId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInProjectsPath('pool', POOL_ID) });
export const DescribePoolStep = (): MethodDecorator =>
  ApiParam({ name: 'step', schema: { type: 'string', enum: [...POOL_STEPS], example: 'credentials' } });

/** The step of a route. */
export const PoolStep = (): ParameterDecorator =>
  Param('step', {
    transform: (given: string): PoolStepName => {
      const step = POOL_STEPS.find((name) => name === given);
      if (step) return step;
      const message = `must be one of ${POOL_STEPS.join(', ')}`;
      throw new CodedError('path.malformed', `step: ${message}.`, { fields: [{ field: 'step', message }] });
    },
  });

const TOKEN_RULE = 'must be 1 to 16384 visible ASCII characters';
const token = z
  .string()
  .regex(/^[\x21-\x7e]{1,16384}$/, TOKEN_RULE)
  .transform((given) => new Secret(given));

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const profileFields = Object.fromEntries(
  PROFILE_FIELDS.map((name) => [camelCase(name), rawText(300, { shortest: 1 }).optional()]),
);

const credentials = z
  .strictObject({
    accessToken: token,
    refreshToken: token.optional().describe('Kept with oauthAppId only: without the app nothing can use it.'),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'must be a time in ISO 8601 with a zone, such as 2026-12-01T12:00:00Z' })
      .transform((given) => new Date(given))
      .optional(),
    scopes: scopeList.optional(),
    ...profileFields,
  })
  .transform(({ accessToken, refreshToken, expiresAt, scopes, ...rest }) => {
    const given = rest as Record<string, string | undefined>;
    const named = PROFILE_FIELDS.flatMap((name) => {
      const value = given[camelCase(name)];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { accessToken, refreshToken, expiresAt, scopes, profileFields: Object.fromEntries(named) };
  });

/** Either `connect`, or a profile with its tokens. */
export const fillPoolBody = z
  .strictObject({
    platform: provider,
    connect: z.literal(true, 'must be true').optional().describe('The answer has the URL of the consent.'),
    platformAccountId: rawText(255, { shortest: 1 }).optional().describe('With credentials.'),
    handle: text(255).optional().describe('With credentials. Default: the value of the platform.'),
    credentials: credentials.optional(),
    oauthAppId: idField('oa')
      .optional()
      .describe("An OAuth app of the operator's own workspace. With connect, by default its default app."),
    verify: z
      .boolean()
      .optional()
      .describe('With credentials: check the owner of the access token at the platform. Default true.'),
  })
  .superRefine((body, context) => {
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (!body.connect && !body.credentials) refuse('credentials', 'is needed, or connect');
    if (body.credentials && body.platformAccountId === undefined) refuse('platformAccountId', 'is needed');
    if (!body.connect) return;
    for (const field of ['credentials', 'platformAccountId', 'handle', 'verify'] as const)
      if (body[field] !== undefined) refuse(field, 'must be left out with connect');
  });
export type FillPoolBody = z.output<typeof fillPoolBody>;
export const fillPoolExample: z.input<typeof fillPoolBody> = {
  platform: EXAMPLE_PROVIDER,
  platformAccountId: '1460323737035677698',
  credentials: { accessToken: 'the-access-token-that-the-platform-issued', expiresAt: '2030-12-01T12:00:00Z' },
  verify: false,
};

const poolAccount = z.object({
  leasedAccountId: idOf('pool').describe('Its id in the pool. In a project it has another one for each lease.'),
  platform: provider,
  handle: z.string().nullable().describe('Null until it is connected.'),
  health: z.enum(HEALTHS).nullable(),
  healthReason: z.string().nullable(),
  state: z.enum(POOL_STATES),
  error: attemptErrorSchema.nullable().describe('Why its consent failed; kept for a day.'),
  steps: z.array(
    z.object({
      name: z.enum(POOL_STEPS),
      state: z.enum(POOL_STEP_STATES),
      at: time,
      note: z.string().nullable(),
    }),
  ),
  requestId: idOf('lreq').nullable().describe('The request that it is leased for.'),
  createdAt: time,
});

export const poolAccountSchema = poolAccount.meta({ id: 'PoolAccount' });
export type PoolAccountView = z.output<typeof poolAccountSchema>;

export const poolAccountExample: PoolAccountView = {
  leasedAccountId: POOL_ID,
  platform: EXAMPLE_PROVIDER,
  handle: 'ada',
  health: 'active',
  healthReason: null,
  state: 'pending',
  error: null,
  steps: POOL_STEPS.map((name) => ({ name, state: 'pending', at: '2026-12-01T09:00:00Z', note: null })),
  requestId: null,
  createdAt: '2026-12-01T09:00:00Z',
};

export const poolAccountView = (account: PoolAccountRecord): PoolAccountView => ({
  leasedAccountId: publicId('pool', account.id),
  platform: account.provider,
  handle: account.handle,
  health: account.health,
  healthReason: account.healthReason,
  state: account.state,
  error: account.error === null ? null : attemptErrorView(account),
  steps: account.steps.map((step) => ({ ...step, at: isoTime(new Date(step.at)) })),
  requestId: account.requestId === null ? null : publicId('lreq', account.requestId),
  createdAt: isoTime(account.createdAt),
});

/** The answer to a filling. */
export const filledPoolSchema = poolAccount
  .extend({
    authorizeUrl: z.string().optional().describe('With connect: where the browser of the person goes.'),
    expiresAt: time.optional().describe('With connect: the end of the attempt.'),
  })
  .meta({ id: 'FilledPool' });
export type FilledPoolView = z.output<typeof filledPoolSchema>;

export const poolQuery = z.strictObject(pageQuery);
export type PoolQuery = z.output<typeof poolQuery>;
export const poolPageSchema = z
  .object({ items: z.array(poolAccountSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'PoolPage' });
export type PoolPageView = z.output<typeof poolPageSchema>;
export const poolPageExample: PoolPageView = { items: [poolAccountExample], nextCursor: null };

/** A fresh state is minted for each such request. */
export const mintsState = (body: unknown): boolean => typeof body === 'object' && body !== null && 'connect' in body;

const STEP_STATE = 'must be done or failed';
export const stepBody = z.strictObject({
  state: z.enum(['done', 'failed'], { error: STEP_STATE }),
  note: rawText(1_000, { shortest: 1, lines: true }).optional().describe('For operators.'),
});
export type StepBody = z.output<typeof stepBody>;
export const stepExample: z.input<typeof stepBody> = { state: 'done' };

export const endLeaseBody = z.strictObject({
  reason: text(500).optional().describe('For the project: in the event of the disconnection.'),
});
export type EndLeaseBody = z.output<typeof endLeaseBody>;
export const endLeaseExample: z.input<typeof endLeaseBody> = { reason: 'The person withdraws the account.' };

export const endedLeaseSchema = poolAccount
  .extend({ canceledScheduledPosts: z.int().describe('Posts of the leased account that were queued.') })
  .meta({ id: 'EndedLease' });
export type EndedLeaseView = z.output<typeof endedLeaseSchema>;
export const endedLeaseExample: EndedLeaseView = { ...poolAccountExample, state: 'ready', canceledScheduledPosts: 0 };
export const endedLeaseView = ({ account, canceledPosts }: EndedLease): EndedLeaseView => ({
  ...poolAccountView(account),
  canceledScheduledPosts: canceledPosts,
});

export const leaseRequestsQuery = z.strictObject({
  status: z.enum(LEASE_REQUEST_STATUSES, { error: `must be one of ${LEASE_REQUEST_STATUSES.join(', ')}` }).optional(),
  open: trueOrFalse.optional().describe('true: requests that may get more accounts; false: closed ones.'),
  ...pageQuery,
});
export type LeaseRequestsQuery = z.output<typeof leaseRequestsQuery>;
export const operatorRequestPageSchema = z
  .object({ items: z.array(operatorRequestSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'OperatorLeaseRequestPage' });
export type OperatorRequestPageView = z.output<typeof operatorRequestPageSchema>;
export const operatorRequestPageExample: OperatorRequestPageView = {
  items: [operatorRequestExample],
  nextCursor: null,
};

export const assignBody = z.strictObject({
  leasedAccountIds: listOf(idField('pool'), { least: 1, most: 50 }).refine(
    (ids) => new Set(ids).size === ids.length,
    'must name each account once',
  ),
});
export type AssignBody = z.output<typeof assignBody>;
export const assignExample: z.input<typeof assignBody> = { leasedAccountIds: [POOL_ID] };

export const rejectBody = z.strictObject({ reason: text(500).describe('For the project.') });
export type RejectBody = z.output<typeof rejectBody>;
export const rejectExample: z.input<typeof rejectBody> = { reason: 'The pool has no such accounts at present.' };
