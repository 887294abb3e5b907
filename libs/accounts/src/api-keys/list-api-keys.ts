import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { ApiKey, Database, type Tenant } from '#persistence';
import type { ApiKeyRecord } from './create-api-key.js';

/** The keys of one environment that are not revoked, newest first. */
@Injectable()
export class ListApiKeys {
  constructor(private readonly database: Database) {}

  execute({ workspaceId, environment }: Tenant): Promise<ApiKeyRecord[]> {
    return this.database.dataSource.getRepository(ApiKey).find({
      where: { workspaceId, environment, revokedAt: IsNull() },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }
}
