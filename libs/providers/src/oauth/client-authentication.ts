import type { AppCredentials } from '../contract/app-credentials.js';

/** How an app proves itself at the token endpoint: what it adds to a request (RFC 6749 2.3.1). */
export type ClientAuthentication = (app: AppCredentials) => {
  headers: Record<string, string>;
  form: Record<string, string>;
};

/** Both halves form-encoded, as the RFC requires before Base64. The id is in the body too: one write-up found it to be required. */
export const basicAuthentication: ClientAuthentication = ({ clientId, clientSecret }) => {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`;
  return {
    headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    form: { client_id: clientId },
  };
};

/** Id and secret in the body, under the platform's own names. */
export const secretInBody =
  (names = { id: 'client_id', secret: 'client_secret' }): ClientAuthentication =>
  ({ clientId, clientSecret }) => ({
    headers: {},
    form: { [names.id]: clientId, [names.secret]: clientSecret.reveal() },
  });
