import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import { CodedError, type FieldProblem } from '#observability';
import { invalid, RESERVED_NAMES } from './validation.js';

/**
 * JSON in UTF-8 is the only accepted body. A request with the type and without content has no body. Input that parsers of JSON
 * read differently is refused: repeated names, names that change a prototype, bytes that are no UTF-8.
 */
export function readJsonOnly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, readBody(request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

function readBody(request: FastifyRequest, body: Buffer): unknown {
  if (isEncodedOtherwise(request)) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE();
  request.bodyText = decode(body);
  if (request.bodyText === '') return undefined;
  const value = parse(request.bodyText);
  const problem = structureProblem(request.bodyText);
  if (problem) throw invalid([problem]);
  return value;
}

const CHARSETS = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;

/** Whether the headers name a charset other than UTF-8 (RFC 8259 8.1), a content coding, or a transfer coding that Node does not undo. */
function isEncodedOtherwise({ headers }: FastifyRequest): boolean {
  const charsets = [...(headers['content-type'] ?? '').matchAll(CHARSETS)].map(([, charset = '']) => charset);
  return (
    !charsets.every((charset) => /^utf-?8$/i.test(charset)) ||
    !/^(identity)?$/i.test(headers['content-encoding'] ?? '') ||
    !/^(chunked)?$/i.test(headers['transfer-encoding'] ?? '')
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Drops a byte order mark, as RFC 8259 8.1 allows. */
function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new CodedError('body.malformed', 'The body is not valid UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY();
  }
}

const MAX_DEPTH = 20;
const TOKENS = /[{}[\],]|"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?/g;

/** An object or array that is open at a place in the text. */
interface Level {
  /** The names so far; undefined in an array. */
  names?: Set<string>;
  /** The name or index that is being read. */
  at: string | number;
}

/**
 * The first name given twice, reserved name or value nested too deeply in a text that `JSON.parse` accepts. `JSON.parse`
 * itself keeps the last of two equal names (docs/decisions/names-given-twice.md).
 */
export function structureProblem(json: string): FieldProblem | undefined {
  const levels: Level[] = [];
  for (const [token] of json.matchAll(TOKENS)) {
    const message = token.endsWith(':') ? nameProblem(levels.at(-1), token) : follow(levels, token);
    if (message !== undefined)
      return {
        field:
          levels
            .slice(0, MAX_DEPTH)
            .map(({ at }) => at)
            .join('.') || 'body',
        message,
      };
  }
  return undefined;
}

function nameProblem(level: Level | undefined, token: string): string | undefined {
  const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
  if (!level?.names) return undefined;
  level.at = name;
  if (RESERVED_NAMES.has(name)) return 'is not a possible name';
  if (level.names.has(name)) return 'is given twice';
  level.names.add(name);
  return undefined;
}

function follow(levels: Level[], token: string): string | undefined {
  if (token === '{') levels.push({ names: new Set(), at: '' });
  else if (token === '[') levels.push({ at: 0 });
  else if (token === '}' || token === ']') levels.pop();
  else if (token === ',') advance(levels.at(-1));
  return levels.length > MAX_DEPTH ? 'is nested too deeply' : undefined;
}

function advance(level: Level | undefined): void {
  if (level && typeof level.at === 'number') level.at += 1;
}
