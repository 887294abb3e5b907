/** What a service consists of. */
export type ProcessName = 'api' | 'worker' | 'exchanger' | 'sandbox' | 'postgres';

/** The number of one process of the service that runs in `home`; throws when there is not exactly one. */
export function processOf(home: string, name: ProcessName): number;

/** Sends a signal to it; after SIGKILL it is gone when this settles. */
export function strike(home: string, name: ProcessName, kind: NodeJS.Signals): Promise<void>;

/** Where the embedded PostgreSQL of that service is, for tests that turn its clock. */
export function databaseUrlOf(home: string): string;

/** What `npm run token` prints for a workspace of that service. */
export function dashboardToken(home: string, workspace: string): string;
