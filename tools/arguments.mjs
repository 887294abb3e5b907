import { parseArgs } from 'node:util';
import { messageOf, StartError } from './start/errors.mjs';

/**
 * Reads the arguments of a script of package.json; throws a StartError with the usage where one is wrong. npm keeps an option
 * that has no `--` before it, and leaves it in the environment.
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} Options
 * @param {{ usage: string, options?: Options, positionals?: number, argv?: string[], env?: NodeJS.ProcessEnv }} declared
 *   `positionals`: how many arguments may be no option
 */
export function readArguments({
  usage,
  options,
  positionals: most = 0,
  argv = process.argv.slice(2),
  env = process.env,
}) {
  const kept = Object.keys(options ?? {}).find((name) => isKeptByNpm(name, env));
  if (kept !== undefined) throw new StartError(`npm keeps --${kept} for itself: write -- before it.\nUsage: ${usage}`);
  const given = parse(argv, options, usage);
  const extra = given.positionals[most];
  if (extra !== undefined) throw new StartError(`"${extra}" is one argument too many.\nUsage: ${usage}`);
  return given;
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export const isKeptByNpm = (name, env) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined;

/**
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} Options
 * @param {string[]} args
 * @param {Options | undefined} options
 * @param {string} usage
 */
function parse(args, options, usage) {
  try {
    return parseArgs({ args, options: /** @type {Options} */ (options ?? {}), allowPositionals: true });
  } catch (error) {
    // The rest of the message of Node is advice about `--`, which npm needs too.
    const [sentence] = messageOf(error).split(/(?<=')\. /);
    throw new StartError(`${sentence}\nUsage: ${usage}`, { cause: error });
  }
}
