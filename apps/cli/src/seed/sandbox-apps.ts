import { randomBytes } from 'node:crypto';
import type { CreateOAuthApp, ListOAuthApps, OAuthAppRecord } from '#accounts';
import { type ApiConfig, seconds } from '#config';
import { codeOf, type Logger, Secret } from '#observability';
import type { Tenant } from '#persistence';
import { PROVIDER_NAMES } from '#providers';

const CLIENT_SECRET_BYTES = 24;

/** An app at each imitated platform. The sandbox accepts every client id and secret, as long as they stay the same. */
export class SandboxApps {
  constructor(
    private readonly listApps: ListOAuthApps,
    private readonly createApp: CreateOAuthApp,
    private readonly config: Pick<ApiConfig, 'http' | 'sandbox'>,
    private readonly logger: Logger,
  ) {}

  /** Makes the apps of the platforms that have none yet, and registers the current redirect URI of all of them. */
  async ensure(tenant: Tenant): Promise<void> {
    const present = await this.listApps.execute({ tenant });
    const missing = PROVIDER_NAMES.filter((name) => !present.some(({ provider }) => provider === name));
    await Promise.all(missing.map((provider) => this.#make(tenant, provider)));
    const apps = await this.listApps.execute({ tenant });
    await Promise.all(apps.map((app) => this.#register(app)));
  }

  /** Another start at the same time may have made the app; that app is used. */
  async #make(tenant: Tenant, provider: string): Promise<void> {
    const making = this.createApp.execute({
      tenant,
      provider,
      name: `Sandbox ${provider}`,
      clientId: clientIdAt(provider),
      clientSecret: new Secret(randomBytes(CLIENT_SECRET_BYTES).toString('base64url')),
      allowedReturnUrls: [`${this.config.http.publicUrl}/`],
      isDefault: true,
    });
    await making.catch((error: unknown) => {
      if (codeOf(error) !== 'oauth_app.exists') throw error;
    });
  }

  /** A start on another port has another redirect URI. At a real platform the owner of the app changes it by hand. */
  async #register({ provider, clientId, redirectUri }: OAuthAppRecord): Promise<void> {
    if (clientId !== clientIdAt(provider)) return;
    const body = JSON.stringify({ provider, client_id: clientId, redirect_uris: [redirectUri] });
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(seconds(5));
    const url = `${this.config.sandbox.url}/_control/apps`;
    await fetch(url, { method: 'POST', headers, body, signal }).catch((error: unknown) => {
      this.logger.warn({ err: error, provider }, 'sandbox.redirect_uri_not_registered');
    });
  }
}

const clientIdAt = (provider: string): string => `sandbox-${provider}`;
