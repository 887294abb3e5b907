import { randomText, Refusal, type RefusalReason, type SandboxAnswer } from '../sandbox/index.js';

export interface GraphFault {
  readonly message: string;
  readonly code: number;
  readonly subcode?: number;
  readonly status?: number;
  readonly transient?: true;
}

/** An error as every host of the Graph API wraps it. */
export const graphError = ({ message, code, subcode, status = 400, transient }: GraphFault): SandboxAnswer => ({
  status,
  body: {
    error: {
      message,
      type: 'OAuthException',
      code,
      ...(subcode && { error_subcode: subcode }),
      ...(transient && { is_transient: true }),
      fbtrace_id: `A${randomText(16)}`,
    },
  },
});

export type Refusals = Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>>;

const session = (text: string, subcode?: number): SandboxAnswer =>
  graphError({ message: `Error validating access token: ${text}`, code: 190, ...(subcode && { subcode }) });

/** What the person has to do, at that site; some products omit the subcode 459. */
export const checkpoint = (site: string, subcode?: number): SandboxAnswer =>
  session(`You cannot access the app till you log in to ${site} and follow the instructions given.`, subcode);

/** A call with a token or for one that the Graph API does not carry out. */
export const unsupportedRequest = (): SandboxAnswer =>
  graphError({ message: 'Unsupported request - method type: get', code: 100 });

/** Minutes until calls are taken again, by business object: the least value of the header. */
const USAGE = JSON.stringify({
  '1': [{ type: 'pages', call_count: 100, total_cputime: 100, total_time: 100, estimated_time_to_regain_access: 1 }],
});

/** In the Graph API's words, and those of public bug reports. */
const usual: Refusals = {
  missing_client_authentication: () =>
    graphError({
      message: 'An active access token must be used to query information about the current user.',
      code: 2500,
    }),
  unknown_token: () => graphError({ message: 'Invalid OAuth access token - Cannot parse access token', code: 190 }),
  expired_token: () => session(`Session has expired on ${new Date().toUTCString()}.`, 463),
  revoked_token: () => session('The session is invalid because the user logged out.', 467),
  revoked_grant: () => session('The user has not authorized this application.', 458),
  password_changed: () => session('The session has been invalidated because the user changed the password.', 460),
  missing_scope: () =>
    graphError({ message: '(#10) Application does not have permission for this action', code: 10, status: 403 }),
  missing_parameter: (name) => graphError({ message: `(#100) The parameter ${name} is required`, code: 100 }),
  invalid_parameter: (name) => graphError({ message: `(#100) Tried accessing nonexisting field (${name})`, code: 100 }),
  unsupported_grant_type: unsupportedRequest,
  young_token: unsupportedRequest,
  wrong_kind_of_token: unsupportedRequest,
  too_many_requests: () => ({
    ...graphError({ message: '(#17) User request limit reached', code: 17 }),
    headers: { 'x-business-use-case-usage': USAGE },
  }),
  server_error: () =>
    graphError({
      message: 'An unexpected error has occurred. Please retry your request later.',
      code: 2,
      status: 500,
      transient: true,
    }),
};

/** Refuses as the Graph API does; `own` has the errors that this product words differently. */
export const refuseGraph =
  (own: Refusals) =>
  ({ reason, subject }: Refusal): SandboxAnswer =>
    (own[reason] ?? usual[reason] ?? unsupportedRequest)(subject);
