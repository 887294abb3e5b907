import { z } from 'zod';
import { health, idOf, time } from '../http/fields.js';

/** What a forced refresh answers. */
export const refreshedAccountSchema = z
  .object({ id: idOf('acc'), health, token_expires_at: time.nullable() })
  .meta({ id: 'RefreshedAccount' });

export type RefreshedAccountView = z.output<typeof refreshedAccountSchema>;

export const refreshedAccountExample: RefreshedAccountView = {
  id: 'acc_01h455vb4pex5vsknk084sn02q',
  health: 'active',
  token_expires_at: '2026-12-01T12:00:00Z',
};
