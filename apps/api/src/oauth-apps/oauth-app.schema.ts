import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import { type OAuthAppRecord, type OAuthAppReport, text } from '#accounts';
import { Secret } from '#observability';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import {
  hasOneProvider,
  idInPath,
  idOf,
  isoTime,
  listOf,
  provider,
  providerFilter,
  publicId,
  PublicIdPipe,
  scopeList,
  time,
  TWO_PROVIDERS,
  urlText,
} from '../http/fields.js';

/** An OAuth app of the customer; no response contains its secret. */
export const oauthAppSchema = z
  .object({
    id: idOf('oa'),
    provider,
    name: z.string(),
    client_id: z.string(),
    redirect_uri: z.string().describe('Register exactly this at the platform.'),
    scopes: z.array(z.string()),
    allowed_return_urls: z.array(z.string()),
    completion: z.enum(['immediate', 'confirm']),
    is_default: z.boolean(),
    status: z.enum(['active', 'paused', 'misconfigured']),
    status_reason: z.string().nullable(),
    paused_until: time.nullable(),
    created_at: time,
  })
  .meta({ id: 'OAuthApp' });

export type OAuthAppView = z.output<typeof oauthAppSchema>;

export const oauthAppExample: OAuthAppView = {
  id: 'oa_01h455vb4pex5vsknk084sn02s',
  provider: EXAMPLE_PROVIDER,
  name: 'Our app',
  client_id: 'WlVqTnRzR2hCY0dWb1lXNW5l',
  redirect_uri: `https://connect.example.com/v1/oauth/${EXAMPLE_PROVIDER}/callback`,
  scopes: ['tweet.read', 'tweet.write', 'users.read', 'offline.access'],
  allowed_return_urls: ['https://app.example.com/settings'],
  completion: 'immediate',
  is_default: true,
  status: 'active',
  status_reason: null,
  paused_until: null,
  created_at: '2026-11-30T09:00:00Z',
};

/** The members of an app that clients see. */
export const oauthAppView = (app: OAuthAppRecord): OAuthAppView => ({
  id: publicId('oa', app.id),
  provider: app.provider,
  name: app.name,
  client_id: app.clientId,
  redirect_uri: app.redirectUri,
  scopes: app.scopes,
  allowed_return_urls: app.allowedReturnUrls,
  completion: app.completion,
  is_default: app.isDefault,
  status: app.status,
  status_reason: app.statusReason,
  paused_until: isoTime(app.pausedUntil),
  created_at: isoTime(app.createdAt),
});

/** The result of the check of an app at the platform, and what its owner registers there. */
export const oauthAppCheckSchema = z
  .object({
    status: z
      .enum(['ok', 'failed', 'unknown'])
      .describe('failed with any failed check; unknown: the platform has not answered, or has no such check.'),
    checks: z.array(
      z.object({
        name: z.enum(['credentials', 'scopes']),
        status: z.enum(['ok', 'failed', 'unknown']),
        detail: z.string().describe('A sentence for people.'),
      }),
    ),
    register: z
      .array(
        z.object({
          what: z.enum(['redirect_uri', 'callback_url', 'app_type', 'permissions', 'product', 'review', 'billing']),
          value: z.string(),
          where: z.string(),
        }),
      )
      .describe('What you enter, choose or request in the portal of the platform. It cannot be checked from here.'),
  })
  .meta({ id: 'OAuthAppCheck' });

export const oauthAppCheckExample: z.output<typeof oauthAppCheckSchema> = {
  status: 'ok',
  checks: [
    { name: 'credentials', status: 'ok', detail: 'X accepts the client id and the secret.' },
    { name: 'scopes', status: 'ok', detail: 'Every scope that X needs is requested.' },
  ],
  register: [
    {
      what: 'redirect_uri',
      value: `https://connect.example.com/v1/oauth/${EXAMPLE_PROVIDER}/callback`,
      where: 'Developer Console, your app, User authentication settings, Callback URI / Redirect URL',
    },
  ],
};

/** A created app, with the first check of it. */
export const createdOAuthAppSchema = oauthAppSchema
  .extend({ check: oauthAppCheckSchema })
  .meta({ id: 'CreatedOAuthApp' });
export type CreatedOAuthAppView = z.output<typeof createdOAuthAppSchema>;
export const createdOAuthAppExample: CreatedOAuthAppView = { ...oauthAppExample, check: oauthAppCheckExample };

export const createdOAuthAppView = (app: OAuthAppRecord, check: OAuthAppReport): CreatedOAuthAppView => ({
  ...oauthAppView(app),
  check,
});

/** The app id in the path as a UUID; a malformed id gets the answer of an unknown app. */
export const OAuthAppId = (): ParameterDecorator =>
  Param('id', new PublicIdPipe('oa', 'oauth_app.not_found', 'OAuth app'));

/** The app id in the documentation of a route. */
export const DescribeOAuthAppId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInPath('oa', oauthAppExample.id) });

/** The filter of the list of apps. */
export const listOAuthAppsQuery = z.strictObject(providerFilter).refine(hasOneProvider, TWO_PROVIDERS);

export type ListOAuthAppsQuery = z.output<typeof listOAuthAppsQuery>;

/** `platform` is another word for `provider`. */
export const createOAuthAppBody = z
  .strictObject({
    provider: provider.optional(),
    platform: provider.optional().describe('Another word for provider.'),
    name: text(120),
    client_id: text(512),
    client_secret: text(2_048).transform((given) => new Secret(given)),
    allowed_return_urls: listOf(urlText, { most: 20 }).optional(),
    scopes: scopeList.optional(),
    is_default: z.boolean().optional(),
    completion: z.enum(['immediate', 'confirm'], { error: 'must be immediate or confirm' }).optional(),
    redirect_uri_style: z.enum(['provider', 'app'], { error: 'must be provider or app' }).optional(),
  })
  .transform(({ platform, provider: given, ...rest }, context) => {
    const chosen = given ?? platform;
    if (chosen === undefined) context.addIssue({ code: 'custom', path: ['provider'], message: 'is needed' });
    if (platform && platform !== chosen) {
      context.addIssue({ code: 'custom', path: ['platform'], message: 'must be the same as provider' });
    }
    return { ...rest, provider: chosen ?? '' };
  });

export type CreateOAuthAppBody = z.output<typeof createOAuthAppBody>;

export const createOAuthAppExample: z.input<typeof createOAuthAppBody> = {
  provider: EXAMPLE_PROVIDER,
  name: 'Our app',
  client_id: 'WlVqTnRzR2hCY0dWb1lXNW5l',
  client_secret: 'the secret that the platform showed you',
  allowed_return_urls: ['https://app.example.com/settings'],
};

/** The platform and the client id of an app are fixed: others would be another app. */
export const updateOAuthAppBody = z.strictObject({
  name: text(120).optional(),
  client_secret: text(2_048)
    .transform((given) => new Secret(given))
    .optional()
    .describe(
      'Takes the place of the old one. After the response one account is refreshed with it, and the others wait: a refusal of the secret marks the app misconfigured, an acceptance ends that.',
    ),
  allowed_return_urls: listOf(urlText, { most: 20 }).optional(),
  scopes: scopeList.optional(),
  is_default: z.literal(true, { error: 'must be true: make another app the default instead' }).optional(),
  completion: z.enum(['immediate', 'confirm'], { error: 'must be immediate or confirm' }).optional(),
});

export type UpdateOAuthAppBody = z.output<typeof updateOAuthAppBody>;

export const updateOAuthAppExample: z.input<typeof updateOAuthAppBody> = {
  client_secret: 'the new secret that the platform showed you',
  allowed_return_urls: ['https://app.example.com/settings'],
};

/** `force=true` deletes an app through which accounts are connected. */
export const deleteOAuthAppQuery = z.strictObject({
  force: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((given) => given === 'true'),
});

export type DeleteOAuthAppQuery = z.output<typeof deleteOAuthAppQuery>;
