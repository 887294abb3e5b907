import { afterAll, beforeAll, expect, it } from '@jest/globals';
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';
import { openTestApi, type TestApi } from '../support/api.js';

// The ruleset has another type than the linter takes, under exactOptionalPropertyTypes.
type Ruleset = Parameters<InstanceType<typeof spectral.Spectral>['setRuleset']>[0];

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi({ PUBLIC_URL: 'https://connect.acme.test' });
});
afterAll(() => api.close());

it('the OpenAPI document has no finding under the ruleset of Spectral for OpenAPI', async () => {
  const linter = new spectral.Spectral();
  const ruleset: unknown = { extends: [[rulesets.oas, 'recommended']] };
  linter.setRuleset(ruleset as Ruleset);
  const document = (await (await api.call('/v1/openapi.json')).json()) as Record<string, unknown>;
  const findings = await linter.run(document);
  expect(findings.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)).toEqual([]);
}, 120_000);
