import { z } from 'zod';
import { Secret } from '#observability';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { text } from '#accounts';
import { listOf, provider, scopeList, urlText } from '../http/fields.js';

/** What it takes to bring one's own app. `platform` is another word for `provider`. */
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
  .transform(({ platform, provider: named, ...rest }, context) => {
    const chosen = named ?? platform;
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
