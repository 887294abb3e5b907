import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { DeclaredAnswers } from '../../../../test/support/declared-answers.js';

const { $defs, ...page } = z.toJSONSchema(
  z.object({ items: z.array(z.object({ id: z.string(), name: z.string().nullable() }).meta({ id: 'Thing' })) }),
  { io: 'output' },
);
const schema = JSON.parse(JSON.stringify(page).replaceAll('#/$defs/', '#/components/schemas/')) as object;
const headers = { 'X-Count': { $ref: '#/components/headers/Count' } };
const declared = new DeclaredAnswers({
  paths: { '/things/{id}': { get: { responses: { 200: { headers, content: { 'application/json': { schema } } } } } } },
  components: {
    schemas: $defs as Record<string, object>,
    headers: { Count: { required: true, schema: { pattern: '^\\d+$' } } },
  },
});

const answer = (body: unknown, status = 200, sent: Record<string, string> = { 'x-count': '2' }): Response =>
  Response.json(body, { status, headers: sent });

it('an answer that is as its operation declares it passes', async () => {
  await declared.check('GET', '/things/1?limit=2', answer({ items: [{ id: 'a', name: null }] }));
});

it.each([
  ['lacks a declared member', answer({ items: [{ id: 'a' }] }), 'name'],
  ['has an undeclared member', answer({ items: [{ id: 'a', name: null, secret: 'b' }] }), 'secret'],
  ['has an undeclared member at its top', answer({ items: [], total: 1 }), 'total'],
  [
    'has an undeclared content type',
    new Response('<p>', { headers: { 'content-type': 'text/html', 'x-count': '2' } }),
    'is not declared',
  ],
  ['lacks a required header', answer({ items: [] }, 200, {}), 'header X-Count is missing'],
  [
    'has a header of another form',
    answer({ items: [] }, 200, { 'x-count': 'two' }),
    'header X-Count is not as declared',
  ],
  ['has an undeclared status', answer({ items: [] }, 201), 'is not declared'],
])('an answer that %s fails the test that requested it', async (_what, given, message) => {
  await expect(declared.check('GET', '/things/1', given)).rejects.toThrow(message);
});

it('an answer that the proxy passes on is not checked', async () => {
  await declared.check('GET', '/things/1', answer({ anything: 1 }, 418, { 'evergrant-upstream': '1' }));
});

it('an answer of a path or method without an operation is not checked', async () => {
  await declared.check('GET', '/things', answer({ anything: 1 }));
  await declared.check('PUT', '/things/1', answer({ anything: 1 }));
});
