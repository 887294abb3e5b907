import { Injectable } from '@nestjs/common';
import { Database, newId, transaction, type Tx } from '#persistence';

const INSERT_WORKSPACE = 'insert into workspaces (id, name) values ($1, $2) on conflict (name) do nothing';
const INSERT_PROJECT = `
  insert into projects (id, workspace_id, environment, name, is_default) values ($1, $2, $3, 'Default', true)
  on conflict (workspace_id, environment) where is_default do nothing`;
const FIND = `
  select id from workspaces w
   where name = $1 and (select count(*) from projects p where p.workspace_id = w.id and p.is_default) = 2`;

/** Makes a workspace the first time its name is used, with a default project in each environment. */
@Injectable()
export class EnsureWorkspace {
  constructor(private readonly database: Database) {}

  /** Returns the id of the workspace of that name. Concurrent first uses make one workspace. */
  async execute(name: string): Promise<string> {
    return (
      (await this.#find(this.database.pool, name)) ?? transaction(this.database.pool, (tx) => this.#create(tx, name))
    );
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
    await tx.query(INSERT_PROJECT, [newId(), id, 'live']);
    await tx.query(INSERT_PROJECT, [newId(), id, 'test']);
    return id;
  }
}
