import { type Command, InvalidArgumentError } from 'commander';
import type { KeyReport, MasterKeys } from '#accounts';
import { readMasterKeysConfig } from '#config';
import { CodedError, type Logger } from '#observability';
import { once } from '../options.js';
import { runOnce } from '../run-once.js';

const READS = 'Reads DATABASE_URL and MASTER_KEYS.';

interface RetireOptions {
  wait: boolean;
  lostJournal: string[];
}

/** `keys status`, `keys rotate` and `keys retire`: master keys, while the service runs. docs/runbooks/master-keys.md has the order. */
export function addMasterKeys(keys: Command): void {
  keys
    .command('status')
    .description(`Prints what each master key still wraps, and which processes hold it. ${READS}`)
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) =>
      withMasterKeys(async (masterKeys) => {
        const report = await masterKeys.report();
        process.stdout.write(json ? `${JSON.stringify(report)}\n` : describe(report));
      }),
    );
  keys
    .command('rotate')
    .description(
      `Wraps the data keys of all sealed rows under the first master key. May be ended and repeated at any time. ${READS}`,
    )
    .option('--rows-per-second <n>', 'the highest rate', once(parseRate))
    .action(({ rowsPerSecond }: { rowsPerSecond?: number }) =>
      withMasterKeys((masterKeys, logger) => rotate(masterKeys, logger, rowsPerSecond)),
    );
  keys
    .command('retire')
    .description(`Marks a master key as not needed, or names everything that still needs it. ${READS}`)
    .argument('<key-id>', 'the id of the master key')
    .option('--no-wait', 'end the states, cursors and idempotency keys that the key has signed in the last 24 hours')
    .option('--lost-journal <id>', 'a journal that is lost; may be given several times', collect, [])
    .action((keyId: string, { wait, lostJournal }: RetireOptions) =>
      withMasterKeys(async (masterKeys, logger) => {
        await masterKeys.retire(keyId, { noWait: !wait, lostJournals: lostJournal });
        logger.info({ key: keyId }, 'master_key.retired');
        process.stdout.write(
          `The master key "${keyId}" is retired. Remove it from MASTER_KEYS, or from the file that MASTER_KEYS_FILE names, of every process, and restart the processes. Keep a copy for as long as the oldest backup of the database.\n`,
        );
      }),
    );
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function parseRate(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 1 to 999999.');
}

type Work = (masterKeys: MasterKeys, logger: Logger) => Promise<void>;

function withMasterKeys(work: Work): Promise<void> {
  return runOnce('keys', async (logger) => {
    const config = readMasterKeysConfig(process.env);
    logger.level = config.process.logLevel;
    const [{ MasterKeys }, { openDatabase }] = await Promise.all([import('#accounts'), import('#persistence')]);
    const database = await openDatabase({
      url: config.database.url,
      pool: 2,
      name: 'keys',
      logger,
      statementTimeout: 0,
    });
    try {
      await work(new MasterKeys(database.pool, config.masterKeys, logger), logger);
    } finally {
      await database.close();
    }
  });
}

async function rotate(masterKeys: MasterKeys, logger: Logger, rowsPerSecond: number | undefined): Promise<void> {
  let rewrapped = 0;
  const { closed, remaining } = await masterKeys.rotate({
    rowsPerSecond,
    onBatch: (batch) => {
      if (batch.rewrapped === 0) return;
      rewrapped += batch.rewrapped;
      logger.info({ table: batch.table, rows: batch.rewrapped, total: rewrapped }, 'master_keys.rewrapped');
    },
  });
  for (const row of closed) logger.error(row, 'master_keys.row_not_opened');
  process.stdout.write(`${JSON.stringify({ rewrapped, closed: closed.length, remaining })}\n`);
  if (remaining > 0)
    throw new CodedError(
      'keys.rows_remain',
      `${remaining} rows are under another key than the first one, and ${closed.length} of them do not open.`,
    );
}

/** For people; `--json` has everything. */
function describe({ keys, processes }: KeyReport): string {
  const lines = keys.map((key) => {
    const rows = Object.entries(key.rows).map(([table, count]) => `${table} ${count}`);
    const marks = [
      key.primary ? 'first' : '',
      key.held ? '' : 'not in MASTER_KEYS',
      key.retiredAt ? 'retired' : '',
      key.canaryOpens === false ? 'OTHER BYTES THAN BEFORE' : '',
    ].filter(Boolean);
    const needed = [...rows, ...(key.journalRecords > 0 ? [`journals ${key.journalRecords}`] : [])];
    return `key ${key.id}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}: ${needed.join(', ') || 'no rows'}`;
  });
  const holders = processes.map(
    ({ process, id, keyIds, running }) =>
      `${running ? 'running' : 'ended'} ${process} ${id}: holds ${keyIds.join(', ')}`,
  );
  return `${[...lines, ...holders].join('\n')}\n`;
}
