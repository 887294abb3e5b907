import { callJson, type ClientOptions, queryOf } from './http.js';

/** The types are the field tables of the projects model; nothing is imported from the service. */
export interface Project {
  id: string;
  name: string;
  externalRef: string | null;
  isDefault: boolean;
  createdAt: string;
}

export interface OAuthUrl {
  authorizeUrl: string;
  state: string;
  expiresAt: string;
}

export type OAuthStatus =
  | { state: string; status: 'pending'; expiresAt: string }
  | { state: string; status: 'completed'; socialAccountId: string; socialAccountIds: string[] }
  | {
      state: string;
      status: 'failed';
      error: { code: string; message: string; details?: { platformCode: string } };
    };

export type Status = 'connected' | 'reauth_required' | 'disconnected';

export interface SocialAccount {
  socialAccountId: string;
  platform: string;
  handle: string | null;
  avatarUrl: string | null;
  status: Status;
  leased: boolean;
  connectedAt: string;
  tokenExpiresAt: string | null;
  disconnectedAt?: string;
  disconnectedReason?: string;
}

export interface SocialAccountHealth {
  socialAccountId: string;
  status: Status;
  token: {
    state: 'valid' | 'expiring' | 'expired' | 'revoked' | 'unknown';
    expiresAt: string | null;
    refreshExpiresAt: string | null;
    lastRefreshedAt: string | null;
    nextRefreshAt: string | null;
    lastError: string | null;
  };
  provisioning: { state: string; steps: { name: string; state: string; at: string }[] };
  probe: { state: string; at: string | null; nextAt: string | null };
  recommendation: string;
}

export interface ProjectHealth {
  counts: Record<Status, number>;
  byReason: Record<string, number>;
  needsAction: { socialAccountId: string; status: Status; reason: string | null; recommendation: string }[];
  nextCursor: string | null;
}

export interface Revoked {
  socialAccountId: string;
  status: 'disconnected';
  disconnectedReason: string;
  canceledScheduledPosts: number;
  disconnectedAt: string;
}

export interface SocialAccountFilters {
  platform?: string;
  status?: Status;
  leased?: boolean;
  limit?: number;
  cursor?: string;
}

/** A client of the projects surface, as a customer of that model has it. */
export class ProjectsClient {
  constructor(private readonly options: ClientOptions) {}

  createProject(name: string, externalRef?: string): Promise<Project> {
    return this.call('POST', '/v1/projects', { name, externalRef });
  }

  oauthUrl(project: string, body: { platform: string; returnUrl: string; usageNote?: string }): Promise<OAuthUrl> {
    return this.call('POST', `/v1/projects/${project}/social/oauth-url`, body);
  }

  oauthStatus(state: string): Promise<OAuthStatus> {
    return this.call('GET', `/v1/social/oauth-status/${state}`);
  }

  list(
    project: string,
    filters: SocialAccountFilters = {},
  ): Promise<{ items: SocialAccount[]; nextCursor: string | null }> {
    return this.call('GET', `/v1/projects/${project}/social-accounts${queryOf(filters)}`);
  }

  reauthUrl(project: string, body: { socialAccountId: string; returnUrl: string }): Promise<OAuthUrl> {
    return this.call('POST', `/v1/projects/${project}/social/reauth-url`, body);
  }

  health(id: string): Promise<SocialAccountHealth> {
    return this.call('GET', `/v1/social-accounts/${id}/health`);
  }

  projectHealth(project: string): Promise<ProjectHealth> {
    return this.call('GET', `/v1/projects/${project}/social-accounts/health`);
  }

  revoke(id: string): Promise<Revoked> {
    return this.call('DELETE', `/v1/social-accounts/${id}`);
  }

  private call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    return callJson<Answer>(this.options, [method, path], body);
  }
}
