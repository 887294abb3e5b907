import { z } from 'zod';
import { scopeList, returnUrl } from '../http/fields.js';

/** The body of `reauth`, which is optional. The use case decides about its return URL. */
export const startReauthBody = z
  .strictObject({
    return_url: returnUrl.optional(),
    scopes: scopeList.optional().describe('What to ask the person for; by default what the app says.'),
  })
  .prefault({});

export type StartReauthBody = z.output<typeof startReauthBody>;

export const startReauthExample: z.input<typeof startReauthBody> = { return_url: 'https://app.example.com/settings' };
