import { z } from 'zod';
import { Secret } from '#observability';
import { text } from '#accounts';
import { listOf, scopeList, urlText } from '../http/fields.js';

/** What may be changed of an app; its platform and its client id may not: that is another app. */
export const updateOAuthAppBody = z.strictObject({
  name: text(120).optional(),
  client_secret: text(2_048)
    .transform((given) => new Secret(given))
    .optional()
    .describe('Takes the place of the old one, and clears misconfigured.'),
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
