import type { PublishClass, PublishFailure, PublishRefusal, PublishRefusals } from '../contract/publish-failure.js';
import type { ReadAnswer } from '../contract/provider.js';

/** What statuses mean that no row lists. */
const BY_STATUS: Record<number, PublishClass> = {
  401: 'reauth',
  402: 'billing',
  403: 'permission',
  425: 'retry',
  429: 'wait',
};

/**
 * What an answer without a success means; null: there was none. At the call that makes a post public, anything without a
 * complete answer is ambiguous: no answer, a failure of the server, a success that cannot be read.
 */
export function classifyFailure(
  refusals: PublishRefusals,
  answer: ReadAnswer | null,
  isCommit: boolean,
): PublishFailure {
  const lost: PublishClass = isCommit ? 'ambiguous' : 'retry';
  if (answer === null) return { class: lost, code: 'no_answer' };
  const { status, json } = answer;
  if (isCommit && status >= 500) return { class: lost, code: `http_${status}` };
  const codes = refusals.codesIn(json);
  const row = refusals.rows.find((one) => matches(one, status, codes, refusals.sentenceIn(json)));
  if (row) return meaningOf(row, codes, isCommit, status);
  return isRefusal(status) ? unlisted(status, codes) : { class: lost, code: `http_${status}` };
}

const unlisted = (status: number, codes: string[]): PublishFailure => ({
  class: BY_STATUS[status] ?? 'content',
  code: codes[0] ?? `http_${status}`,
});

/** A timeout of the request (408) is answered by proxies, too, so the platform may have carried it out. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408;

const matches = (row: PublishRefusal, status: number, codes: string[], sentence: string): boolean =>
  (row.status === undefined || row.status === status) &&
  (row.code === undefined || codes.includes(row.code)) &&
  (row.sentence === undefined || row.sentence.test(sentence));

const meaningOf = (row: PublishRefusal, codes: string[], isCommit: boolean, status: number): PublishFailure => ({
  class: (isCommit ? row.atCommit : undefined) ?? row.class,
  code: row.code ?? codes[0] ?? `http_${status}`,
  ...(row.wait !== undefined && { wait: row.wait }),
});
