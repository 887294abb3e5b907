import { checkpoint, graphError, refuseGraph, type Refusals } from '../graph-api/graph.sandbox.js';
import type { Refusal, SandboxAnswer } from '../sandbox/index.js';

const rejected = (message: string, status = 400): SandboxAnswer => ({
  status,
  body: { error_type: 'OAuthException', code: status, error_message: message },
});

const noMatchingCode = (): SandboxAnswer => rejected('Matching code was not found or was already used');

/** The first is the documentation's sentence; the others are out of public bug reports, or ours where none was found. */
const atCodeExchange: Refusals = {
  unknown_code: noMatchingCode,
  reused_code: noMatchingCode,
  late_code: noMatchingCode,
  wrong_redirect: () =>
    rejected(
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
    ),
  unknown_client: () => rejected('Invalid platform app'),
  wrong_client_secret: () => rejected('Error validating client secret.'),
  missing_parameter: (name) =>
    rejected(name === 'client_id' ? 'Invalid platform app' : `Missing required field ${name}`),
  unsupported_grant_type: () => rejected('Invalid grant_type: only authorization_code is supported'),
  too_many_requests: () => rejected('Application request limit reached', 429),
  server_error: () => rejected('An unexpected error has occurred. Please retry your request later.', 500),
};

/** api.instagram.com has an envelope of its own. */
export const refuseCode = ({ reason, subject }: Refusal): SandboxAnswer =>
  (atCodeExchange[reason] ?? noMatchingCode)(subject);

/** graph.instagram.com: a checkpoint comes without its subcode, a wrong secret under 100. */
export const own: Refusals = {
  checkpoint: () => checkpoint('www.instagram.com'),
  suspended_user: () => graphError({ message: 'User access is restricted', code: 25, subcode: 2207050 }),
  wrong_client_secret: () => graphError({ message: 'Error validating client secret.', code: 100 }),
};

export const refuse = refuseGraph(own);
