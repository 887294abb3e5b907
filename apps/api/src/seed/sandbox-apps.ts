import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CreateOAuthApp, ListOAuthApps } from '#accounts';
import type { ApiConfig } from '#config';
import { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { PROVIDER_NAMES } from '#providers';
import { API_CONFIG } from '../api-config.js';

const SECRET_BYTES = 24;

/** Where a first application of one's own tends to listen; an entry counts with its port. */
const PORTS = ['', ':3001', ':4200', ':5000', ':5173', ':8000', ':8080'];
const LOOPBACK = PORTS.flatMap((port) => [`http://localhost${port}/`, `http://127.0.0.1${port}/`]);

/** An app at each imitated platform: the sandbox takes any id and secret, as long as they stay the same. */
@Injectable()
export class SandboxApps {
  constructor(
    private readonly listApps: ListOAuthApps,
    private readonly createApp: CreateOAuthApp,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  /** Makes the apps of those platforms that have none yet. */
  async ensure(tenant: Tenant): Promise<void> {
    const present = new Set((await this.listApps.execute({ tenant })).map((app) => app.provider));
    for (const provider of PROVIDER_NAMES.filter((name) => !present.has(name))) {
      await this.createApp.execute({
        tenant,
        provider,
        name: `Sandbox ${provider}`,
        clientId: `sandbox-${provider}`,
        clientSecret: new Secret(randomBytes(SECRET_BYTES).toString('base64url')),
        allowedReturnUrls: [...new Set([`${this.config.http.publicUrl}/`, ...LOOPBACK])],
        isDefault: true,
      });
    }
  }
}
