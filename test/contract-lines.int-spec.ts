import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestApi, type TestApi } from './support/api.js';
import { findDescribeTitles } from './support/describe-titles.js';

const FOLDER = 'test/e2e';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const titles = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.e2e-spec.ts'))
    .flatMap((name) => findDescribeTitles(readFileSync(join(FOLDER, name), 'utf8')));

/** `DELETE /v1/accounts/{id}` */
async function endpoints(): Promise<string[]> {
  const { paths } = (await (await api.call('/v1/openapi.json')).json()) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

describe('The end-to-end tests', () => {
  it('each endpoint of the running API has an end-to-end test named after it', async () => {
    const named = new Set(titles());
    const missing = (await endpoints()).filter((endpoint) => !named.has(endpoint));
    expect(missing.map((endpoint) => `no file of ${FOLDER} has a describe('${endpoint}', …)`)).toEqual([]);
  });

  it('no end-to-end test is named after an endpoint that the API does not have', async () => {
    const known = new Set(await endpoints());
    const named = titles().filter((title) => /^(GET|POST|PUT|PATCH|DELETE) \//.test(title));
    expect(named.filter((title) => !known.has(title))).toEqual([]);
  });
});
