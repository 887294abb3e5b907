import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileFolder, type SourceFolder } from '../../../test/support/source-process.js';

const CANARY = 'hunter2';
let folder: SourceFolder;

beforeAll(() => {
  folder = compileFolder('libs/observability/src');
});
afterAll(() => {
  folder.remove();
});

/** The log lines of a process that runs this statement. */
async function linesOf(statement: string): Promise<Record<string, unknown>[]> {
  const program = folder.start(`
    import { createLogger } from './logger.js';
    import { Secret } from './secret.js';
    import { CodedError } from './coded-error.js';
    const logger = createLogger({ app: 'probe', level: 'trace' });
    const secret = new Secret('${CANARY}');
    const failing = (fields) => Object.assign(new Error('it failed'), fields);
    ${statement}
    process.disconnect();`);
  expect(await program.exited).toBe(0);
  return program.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log line', () => {
  it('is JSON with the app, the level by name, the time in ISO 8601 and the message', async () => {
    const [line] = await linesOf(`logger.info({ count: 3 }, 'swept');`);
    expect(line).toEqual({
      app: 'probe',
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      count: 3,
      msg: 'swept',
    });
  });

  it('shows the type, code, message, stack and cause of an error', async () => {
    const [line] = await linesOf(`
      logger.error({ err: new CodedError('account.gone', 'It is gone.', { cause: new TypeError('why') }) }, 'failed');`);
    expect(line?.err).toEqual({
      type: 'CodedError',
      code: 'account.gone',
      message: 'It is gone.',
      stack: expect.stringContaining('It is gone.'),
      cause: expect.objectContaining({ type: 'TypeError', message: 'why' }),
    });
  });

  it('is written before the process ends, in the order of the calls, also when it ends in the same turn', async () => {
    const lines = await linesOf(`
      logger.info('one'); logger.warn('two'); for (let n = 0; n < 500; n += 1) logger.info({ n }, 'more'); process.exit(0);`);
    expect(lines.map(({ msg }) => msg).slice(0, 3)).toEqual(['one', 'two', 'more']);
    expect(lines).toHaveLength(502);
  });

  it.each([
    ['a field', `logger.info({ secret }, 'x');`],
    ['a deep field', `logger.info({ a: [{ b: secret }] }, 'x');`],
    ['the message', `logger.info('x %s %o %j %d', secret, secret, secret, secret);`],
    ['a child logger', `logger.child({ secret }).info('x');`],
    ['an error', `logger.error({ err: failing({ secret }) }, 'x');`],
  ])('masks a Secret in %s', async (_where, statement) => {
    expect(JSON.stringify(await linesOf(statement))).not.toContain(CANARY);
  });

  it.each([
    ['under err', `logger.error({ err: failing({ body: '${CANARY}' }) }, 'x');`],
    ['given alone', `logger.error(failing({ headers: { authorization: '${CANARY}' } }));`],
    ['under another name', `logger.error({ error: failing({ body: '${CANARY}' }) }, 'x');`],
    ['deep inside', `logger.error({ results: [{ reason: failing({ body: '${CANARY}' }) }] }, 'x');`],
    ['as a cause', `logger.error({ err: new Error('outer', { cause: failing({ body: '${CANARY}' }) }) }, 'x');`],
    ['bound to a child logger', `logger.child({ err: failing({ body: '${CANARY}' }) }).info('x');`],
    ['of a URL that is none', `try { new URL('${CANARY}') } catch (err) { logger.error({ err }, 'x'); }`],
    ['of many', `logger.error({ err: new AggregateError([new Error('${CANARY}')], 'all') }, 'x');`],
  ])('omits the own fields of an error %s', async (_where, statement) => {
    const lines = await linesOf(statement);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain(CANARY);
  });

  it.each([
    ['a thrown text', `logger.error({ err: '${CANARY}' }, 'x');`],
    ['a thrown object', `logger.error({ err: { body: '${CANARY}' } }, 'x');`],
    ['a text as cause', `logger.error({ err: new Error('outer', { cause: '${CANARY}' }) }, 'x');`],
  ])('shows only the type of %s', async (_what, statement) => {
    expect(JSON.stringify(await linesOf(statement))).not.toContain(CANARY);
  });

  it.each([
    ['an error that is its own cause', `const err = failing({}); err.cause = err; logger.error({ err }, 'x');`],
    ['fields that hold themselves', `const ring = {}; ring.ring = ring; logger.info({ ring }, 'x');`],
  ])('is written for %s', async (_what, statement) => {
    expect((await linesOf(statement))[0]).toMatchObject({ msg: 'x' });
  });

  it('shows dates, lists and null unchanged', async () => {
    const [line] = await linesOf(`logger.info({ at: new Date(0), ids: ['a', 'b'], none: null, on: true }, 'x');`);
    expect(line).toMatchObject({ at: '1970-01-01T00:00:00.000Z', ids: ['a', 'b'], none: null, on: true });
  });
});
