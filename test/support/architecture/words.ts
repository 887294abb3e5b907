import ts from 'typescript';
import { findNamings, REGISTRIES } from '../../../tools/new-provider/namings.mjs';
import { eachSource, type Rule } from './rule.js';
import { literalOf, nodesOf, type Source } from './source.js';
import type { Tree } from './tree.js';

/** Defines db_now(). */
const DATABASE_CLOCK = 'libs/persistence/src/migrations/foundation.ts';
const SERVER_CLOCK =
  /\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(|\b(current_timestamp|localtimestamp|current_date)\b/i;
const LIBRARIES_WITH_ROWS = /^libs\/(accounts|exchanger|tokens|persistence)\//;
const READS_ENVIRONMENT = /^apps\/([^/]+\/src\/main|cli\/src\/commands\/[^/]+)\.ts$/;

export const words: Rule[] = [
  {
    name: 'platforms at home',
    sentence: "no file outside its folder contains a platform's name: its definition states what differs",
    breaches: eachSource((source, tree) =>
      platformsOf(tree)
        .filter((name) => !REGISTRIES.includes(source.path) && !source.path.startsWith(`libs/providers/src/${name}/`))
        .flatMap((name) => namings(source, name)),
    ),
  },
  {
    name: 'one reader of the environment',
    sentence:
      'process.env is passed whole to a reader of #config, at the start of a process (main.ts of an app, a command of apps/cli)',
    breaches: eachSource(({ path, ast }) =>
      [...nodesOf(ast)]
        .filter((node) => takesEnvironment(node) && !(READS_ENVIRONMENT.test(path) && isRead(node)))
        .map((node) => `has "${node.getText()}"`),
    ),
  },
  {
    name: 'no synchronize',
    sentence: 'the tables are made by migrations alone, and synchronize drops what it does not define',
    breaches: eachSource(({ ast }) =>
      [...nodesOf(ast)].filter(synchronizes).map((node) => `has "${node.parent.getText()}"`),
    ),
  },
  {
    name: 'one clock in SQL',
    sentence: 'time in SQL is db_now(), so that a test can turn it for all processes at once',
    breaches: eachSource(({ path, ast }) =>
      (path === DATABASE_CLOCK ? [] : [...nodesOf(ast)])
        .map((node) => SERVER_CLOCK.exec(literalOf(node) ?? '')?.[0])
        .filter((found) => found !== undefined)
        .map((found) => `has ${found} in a text`),
    ),
  },
  {
    name: 'one clock for rows',
    sentence: "what is decided about rows is decided by the database's clock, not by this machine's",
    breaches: eachSource(({ path, ast }) =>
      (LIBRARIES_WITH_ROWS.test(path) ? [...nodesOf(ast)] : [])
        .filter(readsOwnClock)
        .map((node) => `has ${node.getText()}`),
    ),
  },
  {
    name: 'secrets compared in constant time',
    sentence: 'a comparison byte by byte takes longer the better a guess is: use sameDigest of #crypto',
    breaches: eachSource(({ ast }) =>
      [...nodesOf(ast)].filter(comparesSecret).map((node) => `has "${node.getText()}"`),
    ),
  },
];

/** The folders of platforms: those that hold a definition. */
export function platformsOf(tree: Tree): string[] {
  const folders = tree.sources.map(({ path }) => /^libs\/providers\/src\/([^/]+)\/\1\.provider\.ts$/.exec(path)?.[1]);
  return folders.filter((name) => name !== undefined);
}

/** tools/new-provider checks the same before it writes a provider. */
function namings({ text, ast }: Source, name: string): string[] {
  const identifiers = (): string[] => [...nodesOf(ast)].flatMap((node) => (ts.isIdentifier(node) ? [node.text] : []));
  const literals = (): string[] => [...nodesOf(ast)].flatMap((node) => literalOf(node) ?? []);
  return findNamings({ text, identifiers, literals }, name).map((word) => `contains ${word}`);
}

/** `process.env`, `process['env']`, `{ env } = process`, or `env` of node:process. */
function takesEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
  if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
  if (ts.isVariableDeclaration(node)) return ts.isObjectBindingPattern(node.name) && isProcess(node.initializer);
  return ts.isImportDeclaration(node) && /^'(node:)?process'$/.test(node.moduleSpecifier.getText());
}

const isProcess = (node: ts.Node | undefined): boolean => node?.getText() === 'process';

const isRead = ({ parent }: ts.Node): boolean =>
  ts.isCallExpression(parent) && parent.arguments.length === 1 && /^read\w+Config$/.test(parent.expression.getText());

function synchronizes(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || node.text !== 'synchronize') return false;
  return !(ts.isPropertyAssignment(node.parent) && node.parent.initializer.kind === ts.SyntaxKind.FalseKeyword);
}

function readsOwnClock(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Date' && !node.arguments?.length;
  return ts.isPropertyAccessExpression(node) && node.getText() === 'Date.now';
}

const EQUALITY: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
];
const SECRET = /(secret|token|signature|hash)$/i;

/** `signature === expected`, `row.token !== given.token`; a test for `undefined` compares no bytes. */
function comparesSecret(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node) || !EQUALITY.includes(node.operatorToken.kind)) return false;
  const { left, right } = node;
  if (ts.isIdentifier(left)) return SECRET.test(left.text) && isVariable(right);
  if (!ts.isPropertyAccessExpression(left)) return false;
  return SECRET.test(left.name.text) && (isVariable(right) || ts.isPropertyAccessExpression(right));
}

const isVariable = (node: ts.Node): boolean => ts.isIdentifier(node) && node.text !== 'undefined';
