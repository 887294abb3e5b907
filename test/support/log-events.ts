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

/** A call of a logger: its line and the text of its message; null: the message is no constant. */
export interface LogCall {
  line: number;
  message: string | null;
}

/** Every call of a logger, such as `this.logger.info(…)` or `logger[level](…)`. */
export function findLogCalls(text: string): LogCall[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const calls: LogCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLogMethod(node.expression)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      const message = node.arguments.at(-1);
      calls.push({ line: line + 1, message: message && ts.isStringLiteralLike(message) ? message.text : null });
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

export const isEventName = (message: string | null): boolean => message !== null && EVENT_NAME.test(message);
