import { z } from 'zod';
import { PROFILE_FIELDS, rawText, text } from '#accounts';
import { Secret } from '#observability';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idField, provider, scopeList } from '../http/fields.js';
import { newMetadata } from './account.schema.js';

const MAX_TOKEN_LENGTH = 16_384;
const TOKEN_RULE = `must be 1 to ${MAX_TOKEN_LENGTH} visible ASCII characters`;

/** A Secret from here on. */
const token = z
  .string()
  .regex(new RegExp(`^[\\x21-\\x7e]{1,${MAX_TOKEN_LENGTH}}$`), TOKEN_RULE)
  .transform((given) => new Secret(given));

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time in ISO 8601 with a zone, such as 2026-12-01T12:00:00Z' })
  .transform((given) => new Date(given));

const profileField = rawText(300, { shortest: 1 })
  .optional()
  .describe('The same profile as platform_account_id, as the publishing API of its platform names it.');

const credentials = z
  .strictObject({
    access_token: token,
    refresh_token: token.optional().describe('Kept with oauth_app_id only: without the app nothing can use it.'),
    expires_at: moment
      .optional()
      .describe('The end of the access token. In the past: the refresh token is used at once, so both are needed.'),
    scopes: scopeList.optional().describe('The granted scopes; without them nothing is reported as missing.'),
    ...Object.fromEntries(PROFILE_FIELDS.map((name) => [name, profileField])),
  })
  .transform(({ access_token, refresh_token, expires_at, scopes, ...rest }) => ({
    accessToken: access_token,
    refreshToken: refresh_token,
    expiresAt: expires_at,
    scopes,
    profileFields: rest as Record<string, string>,
  }));

/** `platform` is another word for `provider`. */
export const createAccountBody = z
  .strictObject({
    provider: provider.optional(),
    platform: provider.optional().describe('Another word for provider.'),
    platform_account_id: rawText(255, { shortest: 1 }),
    handle: text(255).optional().describe('Default: the value of the platform.'),
    credentials,
    project_id: idField('prj').optional(),
    oauth_app_id: idField('oa').optional().describe('The app that issued the tokens: it can refresh and revoke them.'),
    metadata: newMetadata.optional().describe('Merged into what is there.'),
    verify: z
      .boolean()
      .default(true)
      .describe('Check the owner of the access token at the platform before it is stored.'),
  })
  .transform(({ platform, provider: given, ...rest }, context) => {
    const chosen = given ?? platform;
    if (chosen === undefined) context.addIssue({ code: 'custom', path: ['provider'], message: 'is needed' });
    if (platform && platform !== chosen)
      context.addIssue({ code: 'custom', path: ['platform'], message: 'must be the same as provider' });
    return { ...rest, provider: chosen ?? '' };
  });

export type CreateAccountBody = z.output<typeof createAccountBody>;

export const createAccountExample: z.input<typeof createAccountBody> = {
  provider: EXAMPLE_PROVIDER,
  platform_account_id: '1460323737035677698',
  credentials: { access_token: 'the-access-token-that-the-platform-issued', expires_at: '2030-12-01T12:00:00Z' },
  metadata: { user_ref: 'user-42' },
  verify: false,
};
