import { callJson, type ClientOptions, queryOf } from './http.js';

/** The types are the field tables of the accounts model; nothing is imported from the service. */
export interface Account {
  id: string;
  provider: string;
  platform_account_id: string;
  handle: string | null;
  display_name: string | null;
  avatar_url: string | null;
  health: 'active' | 'degraded' | 'expiring' | 'missing_permissions' | 'restricted' | 'needs_reauth' | 'disconnected';
  health_reason: string | null;
  connection_type: 'oauth' | 'manual' | 'leased';
  project_id: string;
  oauth_app_id: string | null;
  scopes: string[];
  token_expires_at: string | null;
  refresh_expires_at: string | null;
  reauth_due_at: string | null;
  last_refreshed_at: string | null;
  next_refresh_at: string | null;
  last_probed_at: string | null;
  connected_at: string;
  metadata: Record<string, string>;
}

export interface AccountPage {
  items: Account[];
  next_cursor: string | null;
  total: number;
}

export interface Started {
  authorize_url: string;
  state: string;
  expires_at: string;
}

export interface Attempt {
  state: string;
  status: 'pending' | 'selection_required' | 'confirmation_required' | 'completed' | 'failed';
  account_ids: string[];
  error: string | null;
}

export interface AccountHealth {
  id: string;
  health: Account['health'];
  health_reason: string | null;
  token: { state: string; expires_at: string | null; last_refreshed_at: string | null };
  recommendation: string;
  events: { type: string }[];
}

export interface ListFilters {
  provider?: string;
  health?: Account['health'];
  project_id?: string;
  limit?: number;
  cursor?: string;
}

/** A client of the accounts surface, as a customer of that model has it. */
export class AccountsClient {
  constructor(private readonly options: ClientOptions) {}

  start(provider: string, query: { return_url?: string; project_id?: string } = {}): Promise<Started> {
    return this.call('GET', `/v1/oauth/${provider}/start${queryOf(query)}`);
  }

  attempt(state: string): Promise<Attempt> {
    return this.call('GET', `/v1/oauth/attempts/${state}`);
  }

  list(filters: ListFilters = {}): Promise<AccountPage> {
    return this.call('GET', `/v1/accounts${queryOf(filters)}`);
  }

  get(id: string): Promise<Account> {
    return this.call('GET', `/v1/accounts/${id}`);
  }

  refresh(id: string): Promise<Pick<Account, 'id' | 'health' | 'token_expires_at'>> {
    return this.call('POST', `/v1/accounts/${id}/refresh`);
  }

  health(id: string): Promise<AccountHealth> {
    return this.call('GET', `/v1/accounts/${id}/health`);
  }

  reauth(id: string, body: { return_url?: string } = {}): Promise<Started> {
    return this.call('POST', `/v1/accounts/${id}/reauth`, body);
  }

  disconnect(id: string): Promise<void> {
    return this.call('DELETE', `/v1/accounts/${id}`);
  }

  private call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    return callJson<Answer>(this.options, [method, path], body);
  }
}
