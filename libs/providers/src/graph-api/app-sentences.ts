/*
 * The sentences in which Meta refuses the app, whichever token was sent. They come under 3, 10 and 200 (permissions), 190
 * (tokens), 1 (failure) and others, in several envelopes, and are reworded from time to time: a kind of sentence is recognised
 * by its subject and the state of it, so that `the user has not authorized the application` is none.
 */

const APP = String.raw`\b(?:app|application)`;
const STATES =
  'inactive|disabled|deactivated|deleted|removed|blocked|restricted|suspended|banned|unpublished|unavailable|under review|(?:placed )?in (?:development|restricted|inactive) mode';
const NEEDED_STATES =
  'active|live|approved|available|accessible|published|verified|reachable|(?:in |on )?(?:live mode|the )?(?:whitelist|allowlist)(?:ed)?|in live mode';
/** `still`: the login dialog, github.com/tkesgar/miyako/issues/1, 2016-09-30. */
const ADVERBS = String.raw`(?:(?:currently|temporarily|permanently|still|now|yet|been|be) ){0,2}`;
const NOT = String.raw`(?:(?:is|was|has)n['’]t|(?:is |was |has )?not|(?:is )?no longer|must|needs to)`;
/** What a person did to the app concerns the person's tokens alone. */
const BY_A_PERSON = String.raw`(?! (?:by|for) (?:the|this|a|that) (?:user|person|member))`;
const ENDED = 'deactivated|disrupted|blocked|disabled|restricted|revoked|suspended';

const APP_SENTENCES: readonly RegExp[] = [
  /^Error validating client secret\.?$/,
  /^Error validating application\b/,
  // The state of the app, in a sentence or as its title: `App Not Active: This app is not accessible right now …`.
  new RegExp(`${APP} (?:(?:is|was|has|remains) )?${ADVERBS}(?:${STATES})\\b${BY_A_PERSON}`, 'i'),
  new RegExp(`${APP} ${NOT} ${ADVERBS}(?:${NEEDED_STATES}|set ?up)\\b`, 'i'),
  new RegExp(`${APP} (?:with (?:the )?ID \\S+ )?does(?: not|n['’]t) exist\\b`, 'i'),
  /\b(?:unable to|cannot|could not) (?:load|find|get) (?:the |this )?(?:app|application)\b/i,
  /\bhave not set up (?:this|the) app\b/i,
  // Its access to the API.
  new RegExp(`\\bAPI access (?:\\w+ ){0,3}(?:${ENDED})\\b`, 'i'),
  new RegExp(`\\baccess to (?:the|this) API (?:\\w+ ){0,3}(?:${ENDED})\\b`, 'i'),
  new RegExp(`${APP}(?:['’]s)? access (?:to \\w+ API )?(?:\\w+ ){0,3}(?:${ENDED})\\b${BY_A_PERSON}`, 'i'),
  /** github.com/openstreetmap/operations/issues/1020, 2024-01-10: the business of the app is not verified. */
  /\bunavailable for this (?:app|application)\b/i,
  /\bdisabled for non-active (?:apps|accounts)\b/i,
  /** Code 270 in the reference of the Graph API (/reference/user/ad_studies and others), read 2026-11-30. */
  /\bnot allowed for apps with development access level\b/i,
  // What its owner has to do first.
  /\b(?:Data Use Checkup|Data Protection Assessment|Business Verification)\b/i,
  /\bmust be reviewed and approved by \w+/i,
  /\b(?:requires|needs) App Review\b|\bApp Review is required\b/i,
  new RegExp(`${APP} (?:must be|is not|isn['’]t) (?:on )?(?:the )?(?:whitelist|allowlist)`, 'i'),
  new RegExp(`${APP} does(?: not|n['’]t) have (?:the |this |any |that )?(?:capability|Advanced Access)\\b`, 'i'),
  new RegExp(`${APP} only has Standard Access\\b`, 'i'),
  new RegExp(`${APP} (?:has violated|violates|is violating)\\b`, 'i'),
  // Its id and secret. For the id of another kind of app: github.com/pdir/social-feed-bundle/issues/105, 2023-02-28.
  /^Invalid platform app\.?$/,
  /\b(?:invalid|incorrect|wrong|missing|unknown|valid) (?:app|application|client)[ _](?:id|key|secret)\b/i,
  /\bInvalid API key\b/i,
  /\bmust provide an app access token\b/i,
  /\bappsecret_proof\b/,
  /\b(?:IP can't make requests for that application|Unauthorized source IP)\b/i,
];

/** Whether a message states that Meta refuses the app. Some begin with the code: `(#200) …`. */
export function isAppSentence(message: string): boolean {
  const sentence = message.replace(/^\(#\d+\)\s*/, '').replace(/\s+/g, ' ');
  return APP_SENTENCES.some((known) => known.test(sentence));
}

const TEXTS = ['message', 'error_message', 'error_msg', 'error_description', 'error_user_title', 'error_user_msg'];

/**
 * Whether an answer refuses the app: in the envelope of the Graph API, in the flat one of a code exchange, or in a former one
 * (`meta`). The sentence for the person may contain more than the message does.
 */
export function refusesApp(json: unknown): boolean {
  const { error, meta, data } = fieldsOf(json);
  const places = [json, error, meta, fieldsOf(data).error].map(fieldsOf);
  const texts = [error, ...places.flatMap((place) => TEXTS.map((name) => place[name]))];
  return texts.some((text) => typeof text === 'string' && isAppSentence(text));
}

const fieldsOf = (value: unknown): Record<string, unknown> => Object(value) as Record<string, unknown>;
