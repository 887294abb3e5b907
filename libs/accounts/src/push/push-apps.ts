import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tenant } from '#persistence';
import { type AppCredentials, findProvider, type PushingProvider, pushesIn, pushingProviders } from '#providers';
import type { Room } from '#tokens';
import { ROOM } from '../injection.js';

/** Which app a call is for, as far as the call says: by our id in the URL, or by the platform's in the body. */
export interface PushTarget {
  family: string;
  oauthAppId?: string | undefined;
  body: Buffer;
}

/** An app that a call may be for, opened to see whether its secret signed it. */
export interface PushApp {
  id: string;
  tenant: Tenant;
  provider: PushingProvider;
  credentials: AppCredentials;
}

interface AppRow extends Tenant {
  id: string;
  provider: string;
  clientId: string;
}

const COLUMNS = 'id, workspace_id as "workspaceId", environment, provider, client_id as "clientId"';
const BY_ID = `select ${COLUMNS} from oauth_apps where id = $1`;
const BY_CLIENT = `select ${COLUMNS} from oauth_apps where provider = $1 and client_id = $2 order by id`;

/** Finds the apps that a call of a platform may be for. It is believed by none of this: only the signature tells. */
@Injectable()
export class PushApps {
  constructor(
    private readonly database: Database,
    @Inject(ROOM) private readonly room: Room,
  ) {}

  /** Several where tenants share one app of the platform's; none where nobody has it. */
  async find(target: PushTarget): Promise<PushApp[]> {
    const rows = target.oauthAppId === undefined ? await this.named(target) : await this.byId(target, target.oauthAppId);
    const opened = await Promise.all(rows.map((row) => this.open(row, target.family)));
    return opened.filter((app) => app !== undefined);
  }

  private async byId({ family }: PushTarget, oauthAppId: string): Promise<AppRow[]> {
    const { rows } = await this.database.pool.query<AppRow>(BY_ID, [oauthAppId]);
    return rows.filter(({ provider: name }) => {
      const provider = findProvider(name);
      return pushesIn(provider, family) && !provider.push.clientIdIn;
    });
  }

  private async named({ family, body }: PushTarget): Promise<AppRow[]> {
    const found: AppRow[] = [];
    for (const { name, push } of pushingProviders(family)) {
      const clientId = push.clientIdIn?.(body);
      if (clientId !== undefined) found.push(...(await this.database.pool.query<AppRow>(BY_CLIENT, [name, clientId])).rows);
    }
    return found;
  }

  private async open({ id, provider: name, clientId, ...tenant }: AppRow, family: string): Promise<PushApp | undefined> {
    const provider = findProvider(name);
    const clientSecret = await this.room.vault.openClientSecret(this.database.pool, { id, ...tenant });
    if (!pushesIn(provider, family) || !clientSecret) return undefined;
    return { id, tenant, provider, credentials: { clientId, clientSecret } };
  }
}
