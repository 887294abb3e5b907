import { STATUS_CODES } from 'node:http';
import { PROBLEM_CODES, type ProblemCode } from '../http/problem-codes.js';
import { problemView } from '../http/problem.js';
import { type ProjectsProblemView, projectsProblemView } from '../http/projects-problem.js';

interface ProblemContent {
  description: string;
  content: object;
}

const REQUEST_ID = 'req_01h455vb4pex5vsknk084sn02u';

/** The page that browsers get for a problem. */
const PAGE = { 'text/html': { schema: { type: 'string' as const }, example: '<!doctype html>…' } };

/** The documented answer of one status: one example for each code; endpoint-examples.ts makes them the endpoint's own. */
export function problemContent(status: number, codes: ProblemCode[], isForBrowsers: boolean): ProblemContent {
  const examples = Object.fromEntries(codes.map((code) => [code, { summary: code, value: exampleOf(code) }]));
  const code = { type: 'string' as const, enum: codes };
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object' as const, properties: { code } }],
  };
  return {
    description: `${STATUS_CODES[status] ?? 'Error'}: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    content: { 'application/problem+json': { schema, examples }, ...(isForBrowsers && PAGE) },
  };
}

/** May be refused before the headers have arrived whole, so without a path: in the form of the accounts surface. */
const WITHOUT_PATH: ProblemCode[] = ['request.malformed', 'request.timeout', 'headers.too_large'];

/** Whether the cause may be answered once the path is known. A slow request without a body has headers that do not arrive. */
const hasPath = (cause: ProblemCode, hasBody: boolean): boolean =>
  cause !== 'headers.too_large' && (hasBody || cause !== 'request.timeout');

/** The documented answer of one status of the projects surface. */
export function projectsProblemContent(status: number, causes: ProblemCode[], hasBody: boolean): object {
  const enveloped = causes.filter((cause) => hasPath(cause, hasBody));
  const plain = causes.filter((cause) => WITHOUT_PATH.includes(cause));
  const answers = [
    ...(enveloped.length > 0 ? [envelopeContent(status, enveloped)] : []),
    ...(plain.length > 0 ? [problemContent(status, plain, false)] : []),
  ];
  const [first = { description: '' }] = answers;
  return {
    description: first.description,
    content: Object.assign({}, ...answers.map(({ content }) => content)) as object,
  };
}

/** One example for each cause, since several have one code. */
function envelopeContent(status: number, causes: ProblemCode[]): ProblemContent {
  const views = causes.map((cause) => [cause, projectsExampleOf(cause)] as const);
  const codes = [...new Set(views.map(([, { error }]) => error.code))];
  const schema = { $ref: '#/components/schemas/ProjectsProblem' };
  const examples = Object.fromEntries(views.map(([cause, value]) => [cause, { summary: cause, value }]));
  return {
    description: `${STATUS_CODES[status] ?? 'Error'}: ${codes.map((one) => `\`${one}\``).join(', ')}.`,
    content: { 'application/json': { schema, examples } },
  };
}

function projectsExampleOf(code: ProblemCode): ProjectsProblemView {
  const [status, detail] = PROBLEM_CODES[code];
  return projectsProblemView({ code, status, detail, fields: [] }, REQUEST_ID);
}

function exampleOf(code: ProblemCode): object {
  const [status, detail] = PROBLEM_CODES[code];
  return problemView({ code, status, detail, fields: [] }, REQUEST_ID);
}
