import { CodedError } from '#observability';
import type { OutboundRefusal } from '#outbound';

export const webhookNotFound = (): CodedError => new CodedError('webhook.not_found', 'There is no such webhook.');
export const deliveryNotFound = (): CodedError => new CodedError('delivery.not_found', 'There is no such delivery.');
export const webhookLimitReached = (limit: number): CodedError =>
  new CodedError('webhook.limit_reached', `A workspace has at most ${limit} webhooks in each environment.`);
export const webhookDisabled = (): CodedError =>
  new CodedError('webhook.disabled', 'The webhook is disabled; set its status to active first.');
export const eventNotKept = (): CodedError =>
  new CodedError('event.gone', 'The event is older than 30 days and no longer kept.');

const REFUSALS: Record<OutboundRefusal, string> = {
  scheme: 'must be an https URL; http is allowed in the environment test',
  address: 'must lead to a public address; the operator of this service can allow others',
  credentials: 'must not contain a user name or a password',
  fragment: 'must not have a fragment',
  too_long: 'must be at most 2048 characters',
  malformed: 'must be a URL',
};

export const urlRefused = (reason: OutboundRefusal): CodedError => {
  const message = REFUSALS[reason];
  return new CodedError('webhook.url_refused', `The field url ${message}.`, { fields: [{ field: 'url', message }] });
};

export const projectUnknown = (): CodedError => {
  const field = 'account_filter.project_id';
  const message = 'is not a project of this workspace and environment';
  return new CodedError('project.not_found', `The field ${field} ${message}.`, { fields: [{ field, message }] });
};
