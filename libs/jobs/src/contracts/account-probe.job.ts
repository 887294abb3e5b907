import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/** Asks the platform how one account is. What it cannot say now it is asked again by the account's own due time. */
export const accountProbe = defineJob({
  name: 'account.probe',
  payload: z.object({ accountId: z.uuid() }),
  attempts: 3,
  identity: ({ accountId }) => accountId,
});
