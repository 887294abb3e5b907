import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CreateOAuthApp, ListOAuthApps, type OAuthAppRecord } from '#accounts';
import { type ApiConfig, seconds } from '#config';
import { codeOf, LOGGER, type Logger, Secret } from '#observability';
import type { Tenant } from '#persistence';
import { PROVIDER_NAMES } from '#providers';
import { API_CONFIG } from '../api-config.js';

const SECRET_BYTES = 24;

/** An app at each imitated platform: the sandbox takes any id and secret, as long as they stay the same. */
@Injectable()
export class SandboxApps {
  constructor(
    private readonly listApps: ListOAuthApps,
    private readonly createApp: CreateOAuthApp,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes the apps of those platforms that have none yet, and tells the sandbox where all of them are called back now. */
  async ensure(tenant: Tenant): Promise<void> {
    const present = await this.listApps.execute({ tenant });
    const missing = PROVIDER_NAMES.filter((name) => !present.some(({ provider }) => provider === name));
    await Promise.all(missing.map((provider) => this.make(tenant, provider)));
    const apps = await this.listApps.execute({ tenant });
    await Promise.all(apps.map((app) => this.register(app)));
  }

  /** Another start at the same time may have made it. */
  private async make(tenant: Tenant, provider: string): Promise<void> {
    const making = this.createApp.execute({
      tenant,
      provider,
      name: `Sandbox ${provider}`,
      clientId: clientIdAt(provider),
      clientSecret: new Secret(randomBytes(SECRET_BYTES).toString('base64url')),
      allowedReturnUrls: [`${this.config.http.publicUrl}/`],
      isDefault: true,
    });
    await making.catch((error: unknown) => {
      if (codeOf(error) !== 'oauth_app.exists') throw error;
    });
  }

  /** A start on another port has another redirect URI; what an owner would change at the platform is changed for them. */
  private async register({ provider, clientId, redirectUri }: OAuthAppRecord): Promise<void> {
    if (clientId !== clientIdAt(provider)) return;
    const body = JSON.stringify({ provider, client_id: clientId, redirect_uris: [redirectUri] });
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(seconds(5));
    const url = `${this.config.sandbox.url}/_control/apps`;
    await fetch(url, { method: 'POST', headers, body, signal }).catch((error: unknown) => {
      this.logger.warn({ err: error, provider }, 'the sandbox was not told of a redirect URI');
    });
  }
}

const clientIdAt = (provider: string): string => `sandbox-${provider}`;
