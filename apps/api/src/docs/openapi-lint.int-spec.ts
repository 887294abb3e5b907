import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let source: string;

beforeAll(async () => {
  // Redocly refuses localhost, which is where a server is that has no PUBLIC_URL of its own.
  api = await openTestApi({ PUBLIC_URL: 'https://connect.acme.test' });
  source = await (await api.call('/v1/openapi.json')).text();
});
afterAll(() => api.close());

/** Findings that stay, each with the reason. Every one of them must occur: an entry without a finding fails the test. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'no-ambiguous-paths #/paths/~1v1~1oauth~1attempts~1{state}':
    'The paths are a contract with existing clients, and the router prefers the constant segment `attempts`.',
  'no-ambiguous-paths #/paths/~1v1~1oauth~1{provider}~1callback':
    'No state of an attempt is `callback`, and no platform is named `attempts`.',
  'operation-2xx-response #/paths/~1reauth~1{token}/post/responses': 'The button of a page: its success is a redirect.',
};

// The rules of Spectral take three times as long: test/deep/openapi-lint.deep-spec.ts.
describe('the OpenAPI document', () => {
  it('has no finding under the recommended rules of Redocly, but for exceptions with a reason', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const findings = await lintFromString({ source, absoluteRef: '/openapi.json', config });
    const found = findings.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`);
    expect(found.toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
  });
});
