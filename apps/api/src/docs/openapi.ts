import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { addHeaders } from './answer-headers.js';
import { fitExamples } from './endpoint-examples.js';
import { addProblems } from './operation-problems.js';
import { problemSchema } from '../http/problem.js';
import { projectsProblemSchema } from '../http/projects-problem.js';

const ABOUT = `Connects your customers' social accounts over OAuth and keeps their tokens valid.

Authorize with an API key (\`apiKey\`) or a dashboard token (\`dashboardJwt\`); one of the two is enough.
Errors are \`application/problem+json\` (RFC 9457); go by \`code\`. Under \`/v1/projects\`, \`/v1/social\`,
\`/v1/social-accounts\`, \`/v1/leased-accounts\` and \`/v1/operator\` they are \`{"error":{"code","message","requestId","details"}}\`.
Every answer carries \`X-Request-Id\`.
Every answer but those of the health checks carries \`RateLimit-Policy\` and \`RateLimit\`; a 429 carries \`Retry-After\`.`;

/** In the order in which a customer needs them; what no backend calls is at the end. */
const TAGS: [name: string, description: string][] = [
  ['Connect', 'Start a connection, send the browser to `authorize_url`, and read how it ended.'],
  ['Accounts', 'What was connected: list, health, refresh, change, disconnect.'],
  ['Webhooks', 'Events sent to a URL of yours, signed, in order, and again until they arrive.'],
  ['Events', 'What changed, in order, for a client that stores how far it has read.'],
  ['Projects', 'The second public model over the same accounts: groups of accounts, in camelCase.'],
  ['Social accounts', 'Connect and poll, list, reauthorize, watch and revoke the accounts of a project.'],
  ['Leased accounts', 'Request accounts of the pool, use them, and release them.'],
  ['OAuth apps', 'Your own apps at the platforms. In `test` each platform has one already.'],
  [
    'API keys',
    'Credentials of your backends. A key begins with its prefix (`dra`, or the value of `API_KEY_PREFIX`) and its environment.',
  ],
  ['Operator', 'Fill the pool of leased accounts and assign them. For dashboard tokens with the role `operator`.'],
  ['Browser endpoints', 'Pages for people; a backend calls none of them.'],
  ['Platform callbacks', 'Called by the platforms: no credential, but a signature.'],
  ['Operations', 'For monitoring, outside `/v1` and without a credential.'],
];

/** The OpenAPI 3.1 document of the running app, made from its routes and schemas. */
function openApiDocument(app: NestFastifyApplication, publicUrl: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Evergrant')
    .setDescription(ABOUT)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer(publicUrl)
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'API key', description: 'An API key: dra_live_… or dra_test_…' },
      'apiKey',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of the dashboard.' },
      'dashboardJwt',
    );
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    standardSchemaConverter: (schema, { schemaType }) => jsonSchemaOf(schema, schemaType),
    operationIdFactory: (controller, method) => operationId(controller.replace(/Controller$/, ''), method),
  });
  const problems = {
    ...jsonSchemaOf(problemSchema, 'output').components,
    ...jsonSchemaOf(projectsProblemSchema, 'output').components,
  };
  addProblems(document);
  fitExamples(document);
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...problems } };
  addHeaders(document);
  return document;
}

/** Where a caller reads it. The first of them has it made: it takes a third of a second, and a start needs none. */
export function serveDocs(app: NestFastifyApplication, publicUrl: string): void {
  SwaggerModule.setup('/docs', app, () => openApiDocument(app, publicUrl), {
    jsonDocumentUrl: '/v1/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Evergrant API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}

/** `accountsList`: what generated clients call it. */
const operationId = (noun: string, verb: string): string =>
  noun.replace(/^[A-Z]+(?=[A-Z]|$)|^[A-Z]/, (start) => start.toLowerCase()) +
  verb.replace(/^./, (first) => first.toUpperCase());

type Components = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** zod's own JSON Schema (2020-12 is the dialect of OpenAPI 3.1); what carries an id becomes a component. */
function jsonSchemaOf(schema: unknown, io: 'input' | 'output'): { schema: unknown; components: Components } {
  const converted = z.toJSONSchema(schema as z.ZodType, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  const components = (converted.$defs ?? {}) as Components;
  delete converted.$defs;
  delete converted.$schema;
  return { schema: converted, components };
}
