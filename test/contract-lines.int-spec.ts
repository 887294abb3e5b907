import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestApi, type TestApi } from './support/api.js';
import type { ApiDocument } from './support/declared-answers.js';
import { isOfProjectsSurface } from '../apps/api/src/http/projects-problem.js';
import { findDescribeTitles } from './support/describe-titles.js';
import { findProvokedAnswers } from './support/provoked-answers.js';

const FOLDER = 'test/e2e';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const texts = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.e2e-spec.ts'))
    .map((name) => readFileSync(join(FOLDER, name), 'utf8'));
const titles = (): string[] => texts().flatMap(findDescribeTitles);

/** `name`: `DELETE /v1/accounts/{id}` */
interface Endpoint {
  name: string;
  path: string;
  statuses: number[];
}

async function declared(): Promise<Endpoint[]> {
  const { paths } = (await (await api.call('/v1/openapi.json')).json()) as ApiDocument;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      statuses: Object.keys(responses).map(Number),
    })),
  );
}

const endpoints = async (): Promise<string[]> => (await declared()).map(({ name }) => name);

/** Tests with this in their names ask every endpoint of the OpenAPI document that has such a path. */
const EACH = 'each endpoint of the projects surface';

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

  it('each answer that an endpoint of the projects surface declares has an end-to-end test that provokes it', async () => {
    const tests = texts().flatMap(findProvokedAnswers);
    const surface = (await declared()).filter(({ path }) => isOfProjectsSurface(path));
    expect(surface.length).toBeGreaterThan(10);
    const missing = surface.flatMap(({ name, statuses }) => {
      const own = tests.filter(({ title }) => title.startsWith(`${name} `) || title.includes(EACH));
      const provoked = new Set(own.flatMap((one) => one.statuses));
      return statuses.filter((status) => !provoked.has(status)).map((status) => `${name} answers ${status}`);
    });
    expect(missing).toEqual([]);
  });
});
