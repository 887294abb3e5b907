import type { Push, PushCall, PushNotice } from '../contract/push.js';
import { isPlausibleRequest, isSignedRequest, readSignedRequest } from './signed-request.js';

const DATA_DELETION = 'data-deletion';

/** How every platform of Meta's calls: a form with a `signed_request`, at one URL for each of two things. */
export const graphPush: Push = {
  family: 'meta',
  topics: ['deauthorize', DATA_DELETION],
  isPlausible,
  isGenuine: (call, app) => isPlausible(call) && isSignedRequest(signedRequestIn(call), app),
  read,
};

function isPlausible(call: PushCall): boolean {
  return isPlausibleRequest(signedRequestIn(call), call.now);
}

function read(call: PushCall): PushNotice | undefined {
  const request = readSignedRequest(signedRequestIn(call));
  if (!request) return undefined;
  const kind = call.topic === DATA_DELETION ? 'data_deletion' : 'revoked';
  return { kind, platformUserId: request.userId, reason: 'deauthorized_by_user', at: request.issuedAt };
}

const signedRequestIn = ({ body }: PushCall): string =>
  new URLSearchParams(body.toString()).get('signed_request') ?? '';
