import { z } from 'zod';

const CODE = '3F9A1C5E7B2D4860A1B2';

/** What a platform hands on to the person who requested the deletion (developers.facebook.com, Data Deletion Request Callback). */
export const deletionSchema = z
  .object({
    url: z.string().describe('A page that shows whether it was done.'),
    confirmation_code: z.string(),
  })
  .meta({ id: 'DataDeletion' });

export type DeletionView = z.output<typeof deletionSchema>;

export const deletionExample: DeletionView = {
  url: `https://evergrant.example/data-deletion/${CODE}`,
  confirmation_code: CODE,
};

export const challengeSchema = z.object({ response_token: z.string() }).meta({ id: 'ChallengeAnswer' });
export const challengeExample = { response_token: 'sha256=x0mYd8hz2goCTfcNAaMqENy2BFgJJfJOb4PdvTffpwg=' };
