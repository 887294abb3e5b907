import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The running service that the e2e project started. */
export interface ServiceSession {
  readonly apiUrl: string;
  readonly docsUrl: string;
  readonly sandboxUrl: string;
  /** An API key of the test environment with every scope. */
  readonly key: string;
  /** Its EVERGRANT_HOME. */
  readonly home: string;
}

/** Reads what `npm start` wrote for scripts; fails outside the e2e project. */
export function session(): ServiceSession {
  const path = process.env.EVERGRANT_SESSION;
  if (!path) throw new Error('no running service: run this with jest --selectProjects e2e');
  const written = JSON.parse(readFileSync(path, 'utf8')) as Record<
    'api_url' | 'docs_url' | 'sandbox_url' | 'test_api_key',
    string
  >;
  return {
    apiUrl: written.api_url,
    docsUrl: written.docs_url,
    sandboxUrl: written.sandbox_url,
    key: written.test_api_key,
    home: dirname(path),
  };
}
