import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiParam } from '@nestjs/swagger';
import { DescribeAccountId } from '../accounts/account.schema.js';
import { Describe } from '../docs/describe.js';
import { Scopes } from '../http/auth/scopes.js';
import { RateClass } from '../http/rate-limit.js';
import { PassThrough } from '../http/streamed-body.js';

const ABOUT = `Path and query go below the URL of the platform's API (docs/providers.md) as they are, with the token of the account. Bodies
of at most 104857600 bytes are streamed both ways; the whole call takes at most 60 seconds. Redirects are answered and not followed. An
answer of the platform has the header \`Evergrant-Upstream: 1\`, whatever its status; a problem without it is of this service.`;

const UPSTREAM = {
  'Evergrant-Upstream': { description: "Always 1: the answer is the platform's.", schema: { type: 'string' as const } },
};

const ANY_BODY = {
  required: false,
  description: 'Anything that the platform takes, of any type.',
  schema: { type: 'string' as const, format: 'binary' },
  examples: { example: { value: '{"text":"Hello"}' } },
};

/** OpenAPI has no parameter over several segments. */
const PATH =
  "The path below the URL of the platform's API, with its slashes as they are: Swagger UI encodes them, and an encoded slash is refused. Use curl for such a path.";

/** One method of the proxy: what it requires, and its documentation. */
export const Proxied = (method: string): MethodDecorator =>
  applyDecorators(
    PassThrough(),
    Scopes('tokens:read'),
    RateClass('write'),
    DescribeAccountId(),
    ApiParam({ name: 'path', example: '2/users/me', description: PATH }),
    Describe({
      summary: `Call the platform's API on the account's behalf: ${method}`,
      description: ABOUT,
      operationId: `accountProxy${method.charAt(0)}${method.slice(1).toLowerCase()}`,
      answers: {
        status: 200,
        description: "The platform's answer, with the status that it has.",
        headers: UPSTREAM,
        contentType: '*/*',
        example: '{"data":{"id":"2244994945","name":"Hanna Happy","username":"hanna_happy"}}',
      },
      problems: [
        'account.not_found',
        'proxy.path_not_allowed',
        'account.needs_reauth',
        'account.leased',
        'account.refresh_failed',
        'account.not_refreshable',
        'request.timeout',
        'body.too_large',
        'provider.unavailable',
        'oauth_app.paused',
        'account.seal_broken',
      ],
    }),
    ...(method === 'GET' ? [] : [ApiConsumes('*/*'), ApiBody(ANY_BODY)]),
  );
