import { Injectable } from '@nestjs/common';
import { CodedError } from '#observability';
import { Database, newId, transaction, type Tx } from '#persistence';
import { nearestName } from '#providers';
import { createDefaultProject } from '../projects/projects.js';

const INSERT_WORKSPACE = 'insert into workspaces (id, name) values ($1, $2) on conflict (name) do nothing';
const FIND = `
  select id from workspaces w
   where name = $1 and (select count(*) from projects p where p.workspace_id = w.id and p.is_default) = 2`;

/**
 * The workspace that holds the pool of leased accounts. The name of a credential has no control character, so that none names
 * this workspace, and none did before it was reserved.
 */
export const RESERVED_WORKSPACE = '\u0001leased accounts';

const FIND_NAMES = 'select name from workspaces where name <> $3 order by (name = $1) desc, name limit $2';
/** Limits what a refusal reads and what it lists. */
const MAX_NAMES_READ = 10_000;
const MAX_NAMES_LISTED = 20;

/** Makes a workspace the first time its name is used, with a default project in each environment. */
@Injectable()
export class EnsureWorkspace {
  constructor(private readonly database: Database) {}

  /** Returns the id of the workspace of that name. Concurrent first uses make one workspace. Throws `workspace.reserved`. */
  async execute(name: string): Promise<string> {
    if (name === RESERVED_WORKSPACE) throw new CodedError('workspace.reserved', 'This workspace has no credentials.');
    return this.#ensure(name);
  }

  /** Returns the id of the workspace of the pool. */
  executeReserved(): Promise<string> {
    return this.#ensure(RESERVED_WORKSPACE);
  }

  async #ensure(name: string): Promise<string> {
    return (
      (await this.#find(this.database.pool, name)) ?? transaction(this.database.pool, (tx) => this.#create(tx, name))
    );
  }

  /**
   * Returns the id of an existing workspace, or makes the first one of an installation, where no other can be meant. Throws
   * `workspace.unknown` for a name that no workspace has, which is probably misspelt.
   */
  async executeKnown(name: string): Promise<string> {
    const { rows } = await this.database.pool.query<{ name: string }>(FIND_NAMES, [
      name,
      MAX_NAMES_READ,
      RESERVED_WORKSPACE,
    ]);
    const names = rows.map((row) => row.name);
    if (names.length > 0 && names[0] !== name) throw unknownWorkspace(name, names);
    return this.execute(name);
  }

  async #find(tx: Tx, name: string): Promise<string | undefined> {
    const { rows } = await tx.query<{ id: string }>(FIND, [name]);
    return rows[0]?.id;
  }

  async #create(tx: Tx, name: string): Promise<string> {
    await tx.query(INSERT_WORKSPACE, [newId(), name]);
    const { rows } = await tx.query<{ id: string }>('select id from workspaces where name = $1', [name]);
    const id = rows[0]?.id;
    if (!id) throw new Error('a workspace was inserted and is not there');
    await createDefaultProject(tx, id, 'live');
    await createDefaultProject(tx, id, 'test');
    return id;
  }
}

function unknownWorkspace(name: string, names: readonly string[]): CodedError {
  const nearest = nearestName(
    name,
    names.map((known) => ({ name: known, title: known })),
  );
  const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  const listed = names.slice(0, MAX_NAMES_LISTED).map((known) => `"${known}"`);
  const others = names.length > MAX_NAMES_LISTED ? ', and others' : '';
  const sentence = `There is no workspace "${name}".${meant} There are ${listed.join(', ')}${others}.`;
  return new CodedError('workspace.unknown', sentence);
}
