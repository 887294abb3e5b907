import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** `noun.what_happened`: lower case, words joined by underscores, two parts or more. */
const EVENT_NAME = /^[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)+$/;

/** The production sources: every TypeScript file of the apps and libraries that is no test. */
export function loggingSources(): string[] {
  return ['apps', 'libs']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => posix.join(folder, path)),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('spec.ts'));
}

/** A call of a logger: its line, the text of its message (null: it is no constant) and the names of its fields. */
export interface LogCall {
  line: number;
  message: string | null;
  fields: string[];
}

/** Every call of a logger, such as `this.logger.info(…)` or `logger[level](…)`. */
export function findLogCalls(text: string): LogCall[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const calls: LogCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLogMethod(node.expression)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      const message = node.arguments.at(-1);
      calls.push({
        line: line + 1,
        message: message && ts.isStringLiteralLike(message) ? message.text : null,
        fields: fieldsOf(node),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return calls;
}

function isLogMethod(callee: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(callee)) return LEVELS.has(callee.name.text) && isLogger(callee.expression);
  return ts.isElementAccessExpression(callee) && isLogger(callee.expression);
}

const isLogger = (receiver: ts.Expression): boolean => /(?:^|\W)#?(?:logger|log)$/.test(receiver.getText());

const fieldsOf = ({ arguments: given }: ts.CallExpression): string[] =>
  given
    .filter(ts.isObjectLiteralExpression)
    .flatMap(({ properties }) => properties.flatMap(({ name }) => (name ? [name.getText()] : [])));

/** The fields that hold an id under another name than the others: `account`, `grant`, `attempt`, `oauthApp`, `revocation`, `intent`. */
export const isStrayIdField = (name: string): boolean =>
  name === 'app' || (/Id$/.test(name) && !['requestId', 'jobId', 'traceId'].includes(name));

export const isEventName = (message: string | null): boolean => message !== null && EVENT_NAME.test(message);
