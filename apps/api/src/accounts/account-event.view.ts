import type { AccountEventRecord } from '#accounts';
import { isoTime, publicId } from '../http/fields.js';
import type { AccountEventView } from './account-event.schema.js';

/** What of an event leaves the system. */
export const accountEventView = (event: AccountEventRecord): AccountEventView => ({
  id: publicId('evt', event.id),
  type: event.type,
  created_at: isoTime(event.createdAt),
  environment: event.environment,
  account_id: publicId('acc', event.accountId),
  sequence: event.sequence,
  data: event.data,
});
