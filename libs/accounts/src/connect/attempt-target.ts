import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { Database, OAuthApp, Project, type Tenant } from '#persistence';
import { oauthAppMissing, oauthAppNotFound, unknownOAuthApp, unknownProject } from '../accounts.errors.js';

/** The app and the project of an attempt: the named ones of this tenant, or its defaults. */
@Injectable()
export class AttemptTarget {
  constructor(private readonly database: Database) {}

  /** Throws oauth_app.not_found for an app of another tenant or provider, oauth_app.missing without a default. */
  async app({ workspaceId, environment }: Tenant, provider: string, id?: string): Promise<OAuthApp> {
    const choice = id === undefined ? { isDefault: true } : { id };
    const app = await this.database.dataSource
      .getRepository(OAuthApp)
      .findOneBy({ workspaceId, environment, provider, ...choice });
    if (app) return app;
    throw id === undefined ? oauthAppMissing(provider) : oauthAppNotFound();
  }

  /** The app that issued credentials which a client brings. Throws oauth_app.not_found, which names the field. */
  async suppliedApp(tenant: Tenant, provider: string, id: string): Promise<OAuthApp> {
    const { workspaceId, environment } = tenant;
    const app = await this.database.dataSource
      .getRepository(OAuthApp)
      .findOneBy({ workspaceId, environment, provider, id });
    if (!app) throw unknownOAuthApp();
    return app;
  }

  /** Throws project.not_found. */
  async project({ workspaceId, environment }: Tenant, id?: string): Promise<string> {
    const choice = id === undefined ? { isDefault: true } : { id };
    const project = await this.database.dataSource
      .getRepository(Project)
      .findOneBy({ workspaceId, environment, deletedAt: IsNull(), ...choice });
    if (!project) throw unknownProject();
    return project.id;
  }
}
