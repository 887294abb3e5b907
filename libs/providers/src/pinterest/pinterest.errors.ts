import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

type Meaning = Omit<Failure, 'code'>;

const DEAD: Meaning = { class: 'permanent', reason: 'grant_revoked' };
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };
const PERMISSION: Meaning = { class: 'permission', reason: 'scope_missing' };
const LIMITED: Meaning = { class: 'temporary', reason: 'rate_limited' };

/** By status and the number in the body: the numbers of the v5 description (5.23) are used again under other statuses. */
type Table = Readonly<Record<string, Meaning>>;

/** 283 is in no document: "The authorization grant is invalid", seen for dead refresh tokens (pinterest-python-sdk#114). */
const AT_TOKEN: Table = { '401/2': MISCONFIGURED, '400/283': DEAD, '401/283': DEAD, '403/283': DEAD, '429/8': LIMITED };

const AT_API: Table = { '401/2': DEAD, '401/3': PERMISSION, '403/29': PERMISSION, '403/403': PERMISSION, '429/8': LIMITED };

/** Under the number of a missing permission: the whole app may not (postiz-app#1084). */
const TRIAL = /^Apps with Trial access may not /;

const Refused = z.object({ code: z.int(), message: z.string().catch('') });

/** The token endpoint. What is not listed is left to RFC 6749. */
export const classifyToken = (answer: ReadAnswer): Failure | undefined => classify(AT_TOKEN, answer);

export function classifyApi(answer: ReadAnswer): Failure | undefined {
  const { data } = Refused.safeParse(answer.json);
  if (data?.code === 29 && TRIAL.test(data.message)) return { ...MISCONFIGURED, code: '29' };
  return classify(AT_API, answer);
}

function classify(table: Table, { status, json }: ReadAnswer): Failure | undefined {
  const { data } = Refused.safeParse(json);
  const key = `${status}/${data?.code ?? ''}`;
  const meaning = Object.hasOwn(table, key) ? table[key] : undefined;
  return data && meaning && { ...meaning, code: String(data.code) };
}
