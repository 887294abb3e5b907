import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { CapturedAnswer } from './captured-answer.js';
import type { Rewriting } from './contract.js';

const COMPRESSORS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
const BYTE_ORDER_MARK = '\uFEFF';
/** A database refuses the first, and JSON may contain the second. */
const NUL = '\u0000';
const LONE_SURROGATE = '\ud800';
const JSON_TYPE = 'application/json';

/** The same tokens in another form. A refusal stays as it is. */
export function rewriteAnswer(answer: CapturedAnswer, how: Rewriting): CapturedAnswer {
  return answer.status === 200 ? REWRITERS[how](answer, String(answer.body)) : answer;
}

type Rewriter = (answer: CapturedAnswer, text: string) => CapturedAnswer;

const compress =
  (encoding: keyof typeof COMPRESSORS): Rewriter =>
  (answer, text) => ({
    ...answer,
    headers: { ...answer.headers, 'content-encoding': encoding },
    body: COMPRESSORS[encoding](text),
  });

const as =
  (type: string, rewrite: (text: string) => string | Buffer): Rewriter =>
  (answer, text) => ({ ...answer, headers: { ...answer.headers, 'content-type': type }, body: rewrite(text) });

const REWRITERS: Record<Rewriting, Rewriter> = {
  gzip: compress('gzip'),
  deflate: compress('deflate'),
  br: compress('br'),
  bom: as(JSON_TYPE, (text) => `${BYTE_ORDER_MARK}${text}`),
  utf16: as(JSON_TYPE, (text) => Buffer.from(`${BYTE_ORDER_MARK}${text}`, 'utf16le')),
  form: as('text/plain', toForm),
  poison: as('text/html', poison),
};

function toForm(text: string): string {
  const fields = Object.entries(JSON.parse(text) as Record<string, unknown>);
  return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** In every member that is no token. */
function poison(text: string): string {
  const tokens = JSON.parse(text) as Record<string, unknown>;
  const bad = `${NUL}${LONE_SURROGATE}\u0007`;
  return JSON.stringify({
    ...tokens,
    scope: `openid ${bad} offline_access${bad}`,
    token_type: `Bearer${bad}`,
    id_token: bad.repeat(1_000),
    [`key${bad}`]: bad,
  });
}
