import { z } from 'zod';

/** Something that the consent may connect: a Page of several, and why it may not be. */
export const candidateSchema = z
  .object({
    platform_account_id: z.string(),
    handle: z.string().nullable(),
    display_name: z.string().nullable(),
    avatar_url: z.string().nullable(),
    eligible: z.boolean().describe('Whether it may be selected.'),
    reason: z.string().nullable().describe('Why it may not, such as role_lost.'),
  })
  .meta({ id: 'Candidate' });

export type CandidateView = z.output<typeof candidateSchema>;

export const candidateExamples: CandidateView[] = [
  {
    platform_account_id: '104872965411223',
    handle: 'analytical.engines',
    display_name: 'Analytical Engines',
    avatar_url: null,
    eligible: true,
    reason: null,
  },
  {
    platform_account_id: '104872965411224',
    handle: null,
    display_name: 'Difference Engines',
    avatar_url: null,
    eligible: false,
    reason: 'role_lost',
  },
];
