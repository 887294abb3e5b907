import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { classifyGraphError } from '../graph-api/graph.errors.js';

/** api.instagram.com, which serves nothing but the code exchange, has an envelope of its own; its `code` repeats the status. */
const Rejected = z.object({ error_type: z.string(), error_message: z.string() });

type Meaning = Omit<Failure, 'code'>;
const NO_CODE: Meaning = { class: 'permanent', reason: 'grant_revoked' };
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };

/** Of the app, and met by this person alone: an app in development serves the people with a role in it. */
const NOT_FOR_THIS_PERSON: Meaning = { class: 'permanent', reason: 'app_misconfigured' };

/** `error_type` is always the same, so only the sentence distinguishes. The first is the documentation's, the others were seen. */
const BY_SENTENCE: [sentence: RegExp, code: string, meaning: Meaning][] = [
  [/^Matching code was not found or was already used\.?$/, 'code_not_found', NO_CODE],
  [
    /^Error validating verification code\. Please make sure your redirect_uri is identical\b/,
    'redirect_mismatch',
    NO_CODE,
  ],
  [/^Invalid platform app\.?$/, 'invalid_platform_app', MISCONFIGURED],
  [/^Error validating client secret\.?$/, 'wrong_client_secret', MISCONFIGURED],
  [/^Invalid (client|app|application)[_ ]?id\b/i, 'invalid_platform_app', MISCONFIGURED],
  [/^Insufficient developer role\b/i, 'insufficient_developer_role', NOT_FOR_THIS_PERSON],
  [/^Invalid scopes?\b/i, 'invalid_scope', NOT_FOR_THIS_PERSON],
  [/^Invalid redirect[_ ]?uri\b/i, 'invalid_redirect_uri', NOT_FOR_THIS_PERSON],
];

/**
 * Code exchange, long-lived exchange and extension. The sentences in which the Graph API refuses an app come in the envelope of
 * the code exchange too. An extension that is refused for a token's age is not listed: it passes.
 */
export function classifyToken(answer: ReadAnswer): Failure | undefined {
  return classifyRejected(answer.json) ?? classifyGraphError(answer);
}

export const classifyApi = classifyGraphError;

function classifyRejected(json: unknown): Failure | undefined {
  const { data } = Rejected.safeParse(json);
  if (!data) return undefined;
  const [, code, meaning] = BY_SENTENCE.find(([sentence]) => sentence.test(data.error_message)) ?? [];
  return code && meaning ? { ...meaning, code } : undefined;
}
