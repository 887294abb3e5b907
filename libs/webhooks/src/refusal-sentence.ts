import type { OutboundRefusal } from '#outbound';

const SENTENCES: Record<OutboundRefusal, string> = {
  scheme: 'must be an https URL; http is allowed in the environment test',
  address: 'must lead to a public address; the operator of this service can allow others',
  credentials: 'must not contain a user name or a password',
  fragment: 'must not have a fragment',
  too_long: 'must be at most 2048 characters',
  malformed: 'must be a URL',
};

/** Why a URL of a tenant is not called, to follow the name of its field. */
export const refusalSentence = (reason: OutboundRefusal): string => SENTENCES[reason];
