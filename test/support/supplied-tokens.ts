import { createHash, randomBytes } from 'node:crypto';

/** How an app of its own gets tokens at an imitated platform. */
interface Style {
  authorizeUrl: string;
  tokenUrl: string;
  scope: string;
  hasPkce?: true;
  /** The URL that identifies the person of a token. */
  meUrl: string;
}

const styles = {
  x: {
    authorizeUrl: 'https://x.com/i/oauth2/authorize',
    tokenUrl: 'https://api.x.com/2/oauth2/token',
    scope: 'tweet.read tweet.write users.read offline.access',
    hasPkce: true,
    meUrl: 'https://api.x.com/2/users/me',
  },
  linkedin: {
    authorizeUrl: 'https://www.linkedin.com/oauth/v2/authorization',
    tokenUrl: 'https://www.linkedin.com/oauth/v2/accessToken',
    scope: 'openid profile w_member_social',
    meUrl: 'https://api.linkedin.com/v2/userinfo',
  },
  facebook: {
    authorizeUrl: 'https://www.facebook.com/v25.0/dialog/oauth',
    tokenUrl: 'https://graph.facebook.com/v25.0/oauth/access_token',
    scope: 'business_management,pages_show_list,pages_read_engagement,pages_manage_posts',
    meUrl: 'https://graph.facebook.com/v25.0/me',
  },
} satisfies Record<string, Style>;

export interface OwnApp {
  clientId: string;
  redirectUri: string;
  clientSecret?: string;
}

export interface SuppliedTokens {
  access_token: string;
  refresh_token?: string;
  expires_in: number;
}

/** A client that does OAuth itself, and then supplies the tokens: what it does at the sandbox. */
export class OwnOAuth {
  constructor(
    private readonly sandboxUrl: string,
    private readonly platform: keyof typeof styles,
    private readonly app: OwnApp,
  ) {}

  /** The tokens of a consent. */
  async tokens(persona = 'happy'): Promise<SuppliedTokens> {
    const style: Style = styles[this.platform];
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: this.app.clientId, redirect_uri: this.app.redirectUri },
      ...{ scope: style.scope, state: 'a-state', sandbox_user: persona, sandbox_decision: 'approve' },
      ...(style.hasPkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
    });
    const decided = await fetch(`${this.at(style.authorizeUrl)}?${query.toString()}`, { redirect: 'manual' });
    const code = new URL(decided.headers.get('location') ?? '').searchParams.get('code') ?? '';
    return this.exchange(style, code, verifier);
  }

  /** GET with a token, at any address of the platforms. */
  async get(url: string, accessToken: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(this.at(url), { headers: { authorization: `Bearer ${accessToken}` } });
    return { status: answer.status, body: await answer.json() };
  }

  /** Whether the platform accepts an access token. */
  async accepts(accessToken: string): Promise<boolean> {
    return (await this.get(styles[this.platform].meUrl, accessToken)).status === 200;
  }

  /** The id of the person behind a token. */
  async userId(accessToken: string): Promise<string> {
    const { body } = await this.get(styles[this.platform].meUrl, accessToken);
    const { data, id, sub } = body as { id?: string; sub?: string; data?: { id: string } };
    return data?.id ?? id ?? sub ?? '';
  }

  /** Spends a refresh token, as another holder of it does. */
  refresh(refreshToken: string): Promise<SuppliedTokens> {
    return this.send(styles[this.platform], { grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  private exchange(style: Style, code: string, verifier: string): Promise<SuppliedTokens> {
    return this.send(style, {
      ...{ grant_type: 'authorization_code', code, redirect_uri: this.app.redirectUri },
      ...(style.hasPkce && { code_verifier: verifier }),
    });
  }

  private async send(style: Style, fields: Record<string, string>): Promise<SuppliedTokens> {
    const { clientId, clientSecret = 'shh' } = this.app;
    const headers = style.hasPkce && {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    };
    const answer = await fetch(this.at(style.tokenUrl), {
      method: 'POST',
      ...(headers && { headers }),
      body: new URLSearchParams({
        ...fields,
        client_id: clientId,
        ...(!style.hasPkce && { client_secret: clientSecret }),
      }),
    });
    if (answer.status !== 200) throw new Error(`no tokens: ${await answer.text()}`);
    return (await answer.json()) as SuppliedTokens;
  }

  private at(url: string): string {
    const { host, pathname, search } = new URL(url);
    return `${this.sandboxUrl}/${host}${pathname}${search}`;
  }
}
