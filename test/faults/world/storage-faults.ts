import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalFault, KeyFault } from '../plan/fault.js';
import type { Injectors } from './injector.js';
import { retryQuery } from './open-pool.js';
import { journalIn } from './product-environment.js';
import type { SupervisedProcess } from './supervised-process.js';
import type { World } from './world.js';

/** The faults of what the product keeps: its journal, its database, its keys and its sealed rows. */
export const storageInjectors: Injectors<'journal' | 'failover' | 'commits' | 'keys' | 'seals'> = {
  journal: async (world, { how, lasts }) => {
    const [exchanger] = world.processes.exchanger;
    return (await exchanger?.untilReady()) === true && exchanger !== undefined && JOURNAL[how](world, exchanger, lasts);
  },

  failover: async ({ options }, { behind }) => {
    await options.databases.postgres.rollBack(behind);
    return true;
  },

  commits: async ({ pool }, { lasts }) => {
    await retryQuery(() => pool.query(REFUSE_PAIRS));
    await sleep(lasts);
    await retryQuery(() => pool.query(ACCEPT_PAIRS));
    return true;
  },

  keys: async (world, { how, lasts }) => {
    const [exchanger] = world.processes.exchanger;
    if (!(await exchanger?.untilReady())) return false;
    world.exchangerKeys = KEYS[how](world.settings.masterKeys);
    const isKilled = exchanger?.strike('SIGKILL') ?? false;
    await sleep(lasts);
    world.exchangerKeys = undefined;
    await exchanger?.untilReady();
    return isKilled;
  },

  seals: async ({ pool }, { grants, lasts }) => {
    const { rows } = await retryQuery(() => pool.query<{ id: string; broken: Buffer }>(BREAK_SEALS, [grants]));
    await sleep(lasts);
    await retryQuery(() => pool.query(MEND_SEALS, [rows.map(({ id }) => id), rows.map(({ broken }) => broken)]));
    return rows.length > 0;
  },
};

type JournalInjector = (world: World, exchanger: SupervisedProcess, lasts: number) => Promise<boolean>;

const JOURNAL: Record<JournalFault, JournalInjector> = {
  lost: async (world, exchanger) => {
    world.losesJournal = true;
    world.afterExchangerExit = () => {
      removeFiles(journalIn(world.settings.directory));
    };
    return killAndAwait(exchanger);
  },

  rolled_back: async (world, exchanger, lasts) => {
    const folder = journalIn(world.settings.directory);
    const copy = `${folder}-earlier`;
    copyFolder(folder, copy);
    await sleep(lasts);
    world.losesJournal = true;
    world.afterExchangerExit = () => {
      removeFiles(folder);
      copyFolder(copy, folder);
    };
    return killAndAwait(exchanger);
  },

  copied: async (world, _exchanger, lasts) => {
    const copy = join(world.settings.directory, 'second', 'journal');
    copyFolder(journalIn(world.settings.directory), copy);
    return world.runSecondExchanger(copy, lasts);
  },
};

/** Also where the folder is a mounted disk. */
function removeFiles(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The lock belongs to the process, not to the copied file. */
function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

async function killAndAwait(exchanger: SupervisedProcess): Promise<boolean> {
  if (!exchanger.strike('SIGKILL')) return false;
  return exchanger.untilReady();
}

const newKey = (): string => randomBytes(32).toString('base64');

const KEYS: Record<KeyFault, (right: string) => string> = {
  wrong: () => `k1:${newKey()}`,
  missing: () => '',
  renamed: (right) => right.replace(/^k1:/, 'k9:'),
};

/** As a constraint of a later release, or a value that the column does not hold. */
const REFUSE_PAIRS = `
  create or replace function faults_refuse() returns trigger language plpgsql as $$
    begin raise exception 'refused by the fault test' using errcode = '23514'; end $$;
  create or replace trigger faults_refuse before update of token_version on grants for each row
    when (new.token_version > old.token_version) execute function faults_refuse()`;
const ACCEPT_PAIRS = 'drop trigger if exists faults_refuse on grants';

/** The last bit of a row's data key. */
const FLIPPED = 'set_byte(dek_wrapped, length(dek_wrapped) - 1, get_byte(dek_wrapped, length(dek_wrapped) - 1) # 1)';
const BREAK_SEALS = `
  update grant_tokens set dek_wrapped = ${FLIPPED}
  where grant_id in (select id from grants where refresh_state = 'idle' order by id limit $1)
  returning grant_id as id, dek_wrapped as broken`;
/** A row that was sealed anew meanwhile opens. */
const MEND_SEALS = `
  update grant_tokens set dek_wrapped = ${FLIPPED}
  from unnest($1::uuid[], $2::bytea[]) as one(id, broken) where grant_id = one.id and dek_wrapped = one.broken`;
