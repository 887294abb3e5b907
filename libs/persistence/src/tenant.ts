export type Environment = 'live' | 'test';

/** The owner of rows: every query of tenant data starts with these two. */
export interface Tenant {
  workspaceId: string;
  environment: Environment;
}
