import { describe, expect, it } from '@jest/globals';
import { classifyToken } from '../instagram/instagram.errors.js';
import { isAppSentence } from './app-sentences.js';
import { classifyGraphError } from './graph.errors.js';

/** Seen in issue threads and forums, their siblings in other tenses, and the titles of their pages. */
const OF_THE_APP = [
  'App Not Active: This app is not currently accessible and the app developer is aware of the issue.',
  'This app is not accessible right now and the app developer is aware of the issue.',
  'Feature Unavailable: Facebook Login is currently unavailable for this app, since we are updating additional details for this app.',
  'The developers of this app have not set up this app properly for Facebook Login.',
  '(#10) This app is not approved to use this feature',
  '(#200) The application is not approved for this permission',
  'This app has been permanently disabled',
  'The app is no longer active',
  "This app isn't active.",
  'This app isn’t available',
  'App blocked',
  'App not live',
  'This app must be in live mode',
  'App is not in Live mode',
  'Application is under review',
  'Your app has been placed in Restricted mode',
  'This app has been removed from the Platform',
  'This app is currently unavailable.',
  'Your app has been temporarily restricted.',
  'Error validating access token: The application has been disabled by its developer.',
  'API Access Disabled',
  'Your API access has been suspended',
  'Access to the API has been deactivated for this app',
  'Application access to this API is restricted',
  'API access deactivated: the Data Protection Assessment of the app is overdue.',
  "Your app hasn't completed the annual Data Protection Assessment",
  'API access\ndisrupted. Go to the App Dashboard and complete Data Use Checkup.',
  '(#200) Your app requires Business Verification to access this endpoint.',
  '(#10) Your app must complete business verification',
  'App Review is required',
  '(#3) Application must be on allowlist to use this API',
  '(#3) App must be on whitelist',
  'App does not have the capability',
  "This app doesn't have the capability to make this call",
  '(#200) App does not have Advanced Access to pages_show_list permission, and the user has no role on the app',
  'This app only has Standard Access',
  'This app has violated the Platform Terms',
  'Missing client_id parameter.',
  'Invalid client_secret',
  'Invalid App Secret',
  'Invalid App ID: 123',
  'This API call requires a valid app_id.',
  '(#101) Invalid API key',
  'API calls from the server require an appsecret_proof argument',
  '(#100) You must provide an app access token, or a user access token that is an owner or developer of the app',
  'Unable to load application',
  'Application with ID 1 does not exist',
  'The app does not exist',
];

const NOT_OF_THE_APP = [
  '(#200) The user has not authorized the application to perform this action',
  '(#10) Application does not have permission for this action',
  'Error validating access token: The user has not authorized application 1',
  'Error validating access token: Session has expired on Monday',
  'Error validating access token: The user has blocked this app',
  'The user has removed the app',
  'The session was invalidated: app access is disabled for this user',
  'The app was removed by the user',
  'This app has been blocked by a member',
  'This Page access token is for a user who is not active',
  '(#200) If posting to a group, requires app being installed in the group',
  "This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature. Refer to https://developers.facebook.com/docs/apps/review/feature for details.",
  'You cannot access the app till you log in to www.facebook.com and follow the instructions given.',
  'Application request limit reached',
  'The access token could not be decrypted',
  'Error validating client secret. Or so',
];

describe('a sentence of Meta', () => {
  it.each(OF_THE_APP)('refuses the app: %s', (sentence) => {
    expect(isAppSentence(sentence)).toBe(true);
  });

  it.each(NOT_OF_THE_APP)('does not refuse the app: %s', (sentence) => {
    expect(isAppSentence(sentence)).toBe(false);
  });
});

const message = 'API access deactivated. To reactivate, go to the app dashboard.';
const SHAPES: [string, object][] = [
  ['the Graph API', { error: { message, type: 'OAuthException', code: 190, error_subcode: 460 } }],
  ['the Graph API without a code', { error: { message, type: 'OAuthException' } }],
  ['the Graph API with its code as a text', { error: { message, code: '200' } }],
  ['the Graph API, with the sentence for the person', { error: { message: 'x', code: 10, error_user_msg: message } }],
  ['the Graph API, with the title for the person', { error: { message: 'x', code: 10, error_user_title: message } }],
  ['debug_token', { data: { is_valid: false, error: { message, code: 190 } } }],
  ['the code exchange of Instagram', { error_type: 'OAuthException', code: 400, error_message: message }],
  ['the former Instagram API', { meta: { error_type: 'OAuthException', code: 400, error_message: message } }],
  ['the former REST API', { error_code: 1, error_msg: message }],
  ['OAuth 2.0', { error: 'access_denied', error_description: message }],
];

describe.each(SHAPES)('a refusal of the app in the envelope of %s', (_name, json) => {
  it.each([200, 400, 403])('is of the app with status %i, at each endpoint', (status) => {
    const answer = { status, headers: {}, json };
    for (const classify of [classifyGraphError, classifyToken])
      expect(classify(answer)).toMatchObject({ class: 'app', reason: 'app_misconfigured' });
  });
});
