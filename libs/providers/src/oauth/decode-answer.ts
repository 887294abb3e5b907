import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { PlatformAnswer } from '../contract/http.js';
import type { ReadAnswer } from '../contract/provider.js';

/** Bytes of an answer as it came, and again of its decompressed body: a kilobyte can expand to a gigabyte. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** Reads a body as JSON, else as a form (RFC 6749 has the former, some platforms answer the latter), whatever its Content-Type is. */
export function decodeAnswer(answer: PlatformAnswer): ReadAnswer {
  const { status, headers } = answer;
  const [first, asItCame] = textsOf(answer);
  return {
    status,
    headers,
    json: [parseJson(first), parseForm(first), parseJson(asItCame)].find((json) => json !== undefined),
  };
}

/**
 * Whether the bytes that came hold a whole JSON object. Such an answer is complete even where its transfer is not: a JSON
 * object that was cut off does not parse. A form can be cut off within a token, so it does not count.
 */
export const holdsWholeObject = (answer: PlatformAnswer): boolean =>
  textsOf(answer)
    .map(parseJson)
    .some((json) => typeof json === 'object' && json !== null);

/** The body decompressed; and as it came, in case its Content-Encoding is wrong and it decompressed to something all the same. */
function textsOf({ headers, body }: PlatformAnswer): [string, string] {
  const charset = headers['content-type'];
  return [decodeText(decompress(body, headers['content-encoding']), charset), decodeText(body, charset)];
}

type Decompress = (bytes: Buffer) => Buffer;

/** `finishFlush`: the output of a stream without its last bytes is returned as far as it goes instead of being thrown away. */
const zlibOptions = { maxOutputLength: MAX_ANSWER_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
const gunzip: Decompress = (bytes) => gunzipSync(bytes, zlibOptions);
const unbrotli: Decompress = (bytes) =>
  brotliDecompressSync(bytes, { maxOutputLength: MAX_ANSWER_BYTES, finishFlush: constants.BROTLI_OPERATION_FLUSH });

/** RFC 9110 8.4.1.2 has a zlib stream; some servers send the deflate stream alone. */
const inflate: Decompress = (bytes) => {
  try {
    return inflateSync(bytes, zlibOptions);
  } catch {
    return inflateRawSync(bytes, zlibOptions);
  }
};

const DECOMPRESS = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', unbrotli],
]);
const MAX_CODINGS = 3;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/**
 * Undoes the content codings, last applied first. Requests accept none, but proxies add some, drop the header and keep the
 * coding, or keep the header and drop the coding. Bytes that do not decompress stay as they are.
 */
function decompress(body: Buffer, contentEncoding = ''): Buffer {
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .reverse();
  const named = codings.slice(0, MAX_CODINGS).reduce((bytes, coding) => attempt(bytes, DECOMPRESS.get(coding)), body);
  return named.subarray(0, 2).equals(GZIP_MAGIC) ? attempt(named, gunzip) : named;
}

function attempt(bytes: Buffer, undo: Decompress | undefined): Buffer {
  try {
    return undo ? undo(bytes) : bytes;
  } catch {
    return bytes;
  }
}

/** Without one byte order mark. UTF-8 wins over a declared charset wherever the bytes are valid UTF-8: the declaration is often wrong. */
function decodeText(bytes: Buffer, contentType = ''): string {
  const utf16 = UTF_16.find(({ isIn }) => isIn(bytes));
  if (utf16) return new TextDecoder(utf16.name).decode(bytes);
  const declared = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  return decodeStrictly(bytes, 'utf-8') ?? decodeStrictly(bytes, declared) ?? bytes.toString('utf8');
}

function decodeStrictly(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The zero byte beside the first character identifies UTF-16 without a byte order mark: JSON begins with an ASCII one (RFC 4627 3). */
const UTF_16 = [
  {
    name: 'utf-16le',
    isIn: ([first, second]: Buffer) => (first === 0xff && second === 0xfe) || (first !== 0 && second === 0),
  },
  {
    name: 'utf-16be',
    isIn: ([first, second = 0]: Buffer) => (first === 0xfe && second === 0xff) || (first === 0 && second !== 0),
  },
];

const LONG_NUMBER = /\d{16}/;
const STRING_OR_NUMBER = /"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * `JSON.parse`, but an integer beyond 2^53 becomes the text of its digits. The text is valid JSON before its numbers are
 * quoted, so a match outside of a string is a number. (Node 20 has no reviver with access to the source text.)
 */
export function parseJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return LONG_NUMBER.test(text) ? JSON.parse(text.replace(STRING_OR_NUMBER, quoteLongInteger)) : json;
  } catch {
    return undefined;
  }
}

const quoteLongInteger = (token: string): string =>
  /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;

const FORM = /^[\w.~%+*-]+=[^\s<>"{}]*$/;

/** A parameter that stands twice is left out: no response may have it (RFC 6749 3.2), and neither value can be preferred. */
function parseForm(text: string): unknown {
  const trimmed = text.trim();
  if (!FORM.test(trimmed)) return undefined;
  const parameters = new URLSearchParams(trimmed);
  return Object.fromEntries([...parameters].filter(([name]) => parameters.getAll(name).length === 1));
}
