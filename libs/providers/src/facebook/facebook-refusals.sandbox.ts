import { checkpoint, graphError, refuseGraph, type Refusals } from '../graph-api/graph.sandbox.js';

const code = (message: string, subcode?: number) => graphError({ message, code: 100, ...(subcode && { subcode }) });

/** In the Graph API's words and those of public bug reports; for a suspended person no source was found, only that 368 blocks. */
export const own: Refusals = {
  unknown_client: () =>
    graphError({
      message: 'Error validating application. Cannot get application info due to a system error.',
      code: 101,
    }),
  wrong_client_secret: () => graphError({ message: 'Error validating client secret.', code: 1 }),
  missing_parameter: (name) =>
    graphError(
      name === 'client_id'
        ? { message: 'Missing client_id parameter.', code: 101 }
        : { message: `(#100) The parameter ${name} is required`, code: 100 },
    ),
  unknown_code: () => code('Invalid verification code format.'),
  late_code: () => code('This authorization code has expired.', 36007),
  wrong_redirect: () =>
    code(
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
      36008,
    ),
  reused_code: () => code('This authorization code has been used.', 36009),
  checkpoint: () => checkpoint('www.facebook.com', 459),
  suspended_user: () =>
    graphError({ message: 'The action attempted has been deemed abusive or is otherwise disallowed', code: 368 }),
  lost_role: () =>
    graphError({
      message: 'Error validating access token: The user is no longer allowed to manage this Page.',
      code: 190,
      subcode: 492,
    }),
};

export const refuse = refuseGraph(own);

/** Refuses the app whose token authenticates the request. */
export const refuseInspection = refuseGraph({
  ...own,
  wrong_client_secret: () => graphError({ message: 'Invalid OAuth access token signature.', code: 190 }),
  wrong_kind_of_token: () => code('(#100) The App_id in the input_token did not match the Viewing App'),
});
