import type { MigrationInterface, QueryRunner } from 'typeorm';
import { publicId } from '../ids.js';

interface Duplicate {
  workspace: string;
  environment: string;
  provider: string;
  clientId: string;
  apps: { id: string; accounts: number }[];
}

/** Further duplicates are counted, not listed. */
const MAX_LISTED = 20;

const DUPLICATES = `
  select workspaces.name as workspace, environment, provider, client_id as "clientId",
    json_agg(json_build_object('id', app.id, 'accounts', (
      select count(*)::int from accounts join grants on grants.id = accounts.grant_id
      where grants.oauth_app_id = app.id and accounts.health <> 'disconnected')) order by app.created_at) as apps
  from oauth_apps app join workspaces on workspaces.id = workspace_id
  group by workspaces.name, workspace_id, environment, provider, client_id having count(*) > 1
  order by 1, 2, 3, 4`;

/**
 * One OAuth app for each client id of a platform in a workspace and environment. It stops before any change where there are
 * two: which of them stays is the operator's decision, because the other one's accounts are merged or lost with it.
 */
export class OneAppAClient implements MigrationInterface {
  readonly name = 'OneAppAClient1796016446045';

  async up(runner: QueryRunner): Promise<void> {
    // The previous release may still run: no duplicate may be added between the check and the index.
    await runner.query('lock table oauth_apps in share row exclusive mode');
    const duplicates = (await runner.query(DUPLICATES)) as Duplicate[];
    if (duplicates.length > 0) throw new Error(sentences(duplicates));
    await runner.query(
      'create unique index oauth_apps_one_a_client on oauth_apps (provider, client_id, workspace_id, environment)',
    );
    await runner.query('drop index oauth_apps_by_client');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('create index oauth_apps_by_client on oauth_apps (provider, client_id)');
    await runner.query('drop index oauth_apps_one_a_client');
  }
}

function sentences(duplicates: Duplicate[]): string {
  const listed = duplicates.slice(0, MAX_LISTED).map(line);
  const more = duplicates.length - listed.length;
  return [
    'several OAuth apps have the same client id; nothing was changed.',
    ...listed,
    ...(more > 0 ? [`  and ${more} more`] : []),
    'Keep one of each: delete those without accounts (DELETE /v1/oauth-apps/{id}), and merge the others into the one that',
    'stays as docs/runbooks/duplicate-oauth-apps.md describes. Then migrate again.',
  ].join('\n');
}

function line({ workspace, environment, provider, clientId, apps }: Duplicate): string {
  const names = apps.map(({ id, accounts }) => `${publicId('oa', id)} (${accounts} accounts)`);
  return `  workspace "${workspace}", ${environment}, ${provider}, client id "${clientId}": ${names.join(', ')}`;
}
