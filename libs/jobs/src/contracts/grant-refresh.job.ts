import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/**
 * Refreshes one grant, one job a grant at a time. Its few attempts bridge a hiccup of ours; when a platform fails, the
 * grant's own due time says when to try again.
 */
export const grantRefresh = defineJob({
  name: 'grant.refresh',
  payload: z.object({ grantId: z.uuid() }),
  attempts: 3,
  identity: ({ grantId }) => grantId,
});
