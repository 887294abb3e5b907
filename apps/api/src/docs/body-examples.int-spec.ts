import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { PushedApi } from '../../../../test/support/pushed-api.js';

interface Operation {
  requestBody?: { content: Record<string, { examples?: { example?: { value: object } } }> };
}
type Document = Record<'paths', Record<string, Record<string, Operation>>>;

let service: PushedApi;
let paths: Document['paths'];

beforeAll(async () => {
  service = await PushedApi.open();
  ({ paths } = (await (await service.api.call('/v1/openapi.json')).json()) as Document);
});
afterAll(() => service.close());
beforeEach(() => service.begin());

// "Try it out" in Swagger UI sends the example as it is, with the test key that `npm start` prints.
it.each([
  ['post', '/v1/api-keys', 201],
  ['post', '/v1/oauth-apps', 201],
  ['patch', '/v1/oauth-apps/{id}', 200],
  ['patch', '/v1/accounts/{id}', 200],
  ['post', '/v1/accounts/{id}/reauth', 200],
])('the example of the body of %s %s succeeds with a test key and an id that exists', async (method, path, status) => {
  const app = await service.makeApp('x');
  const id = path.includes('oauth-apps') ? app.id : await service.connect(app);
  const example = paths[path]![method]!.requestBody!.content['application/json']!.examples!.example!.value;
  const answer = await service.api.call(path.replace('{id}', id), {
    as: service.key,
    method: method.toUpperCase(),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(example),
  });
  expect([answer.status, await answer.json()]).toEqual([
    status,
    expect.not.objectContaining({ code: expect.anything() }),
  ]);
});
