import { Injectable } from '@nestjs/common';
import { Database, OAuthApp, type Tenant } from '#persistence';
import { oauthAppNotFound } from '../accounts.errors.js';
import { Addresses } from '../addresses.js';
import { type OAuthAppRecord, toOAuthAppRecord } from './oauth-app-record.js';

/** Lists the apps of a tenant, newest first. */
@Injectable()
export class ListOAuthApps {
  constructor(
    private readonly database: Database,
    private readonly addresses: Addresses,
  ) {}

  async execute({ tenant, provider }: { tenant: Tenant; provider?: string }): Promise<OAuthAppRecord[]> {
    const where = { workspaceId: tenant.workspaceId, environment: tenant.environment, ...(provider && { provider }) };
    const apps = await this.database.dataSource
      .getRepository(OAuthApp)
      .find({ where, order: { createdAt: 'desc', id: 'desc' } });
    return apps.map((app) => toOAuthAppRecord(app, this.addresses.publicUrl));
  }
}

/** Reads one app of a tenant. Throws oauth_app.not_found. */
@Injectable()
export class GetOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly addresses: Addresses,
  ) {}

  async execute({ tenant, id }: { tenant: Tenant; id: string }): Promise<OAuthAppRecord> {
    const where = { workspaceId: tenant.workspaceId, environment: tenant.environment, id };
    const app = await this.database.dataSource.getRepository(OAuthApp).findOneBy(where);
    if (!app) throw oauthAppNotFound();
    return toOAuthAppRecord(app, this.addresses.publicUrl);
  }
}
