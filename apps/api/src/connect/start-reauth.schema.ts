import { z } from 'zod';
import { text } from '#accounts';
import { urlText } from '../http/fields.js';

/** The body of `reauth`; it may be left out altogether. Whether its return URL is good is judged by the use case. */
export const startReauthBody = z
  .strictObject({
    return_url: urlText.optional().describe('Where the browser goes at the end; by default a page of ours.'),
    scopes: z
      .array(text(128))
      .max(64, 'must be at most 64')
      .optional()
      .describe('What to ask the person for; by default what the app says.'),
  })
  .prefault({});

export type StartReauthBody = z.output<typeof startReauthBody>;

export const startReauthExample: z.input<typeof startReauthBody> = { return_url: 'https://app.example.com/settings' };
