import type { OpenAPIObject } from '@nestjs/swagger';

const TEXT = { type: 'string' as const };

/** The headers of answers, by the names of their components. */
const HEADERS = {
  RequestId: {
    name: 'X-Request-Id',
    description: 'The id of the request: the one that came, or a new one.',
    required: true,
    schema: { ...TEXT, pattern: '^[A-Za-z0-9._-]{1,128}$' },
    example: 'req_01h455vb4pex5vsknk084sn02u',
  },
  RateLimitPolicy: {
    name: 'RateLimit-Policy',
    description:
      'The limit of the class: `q` requests in a window of `w` seconds. Before a credential is known it is `public`, that of the address.',
    required: true,
    schema: { ...TEXT, pattern: '^"(read|write|heavy|public)";q=\\d+;w=60$' },
    example: '"read";q=1200;w=60',
  },
  RateLimit: {
    name: 'RateLimit',
    description: 'What remains of the limit: `r` requests for `t` seconds.',
    required: true,
    schema: { ...TEXT, pattern: '^"(read|write|heavy|public)";r=\\d+;t=\\d+$' },
    example: '"read";r=1199;t=60',
  },
  RetryAfter: {
    name: 'Retry-After',
    description: 'Seconds after which the request may be repeated, where that is known.',
    required: false,
    schema: { ...TEXT, pattern: '^[1-9]\\d*$' },
    example: '20',
  },
  Authenticate: {
    name: 'WWW-Authenticate',
    description: 'The scheme of the credential.',
    required: true,
    schema: { ...TEXT, enum: ['Bearer'] },
    example: 'Bearer',
  },
};

type HeaderObject = NonNullable<NonNullable<OpenAPIObject['components']>['headers']>[string];
type Entry = [string, HeaderObject];
type HeaderName = keyof typeof HEADERS;

interface Operation {
  'x-rate-class'?: string;
  security?: object[];
  responses: Record<string, { headers?: Record<string, object> }>;
}

/** Declares the headers of every response. */
export function addHeaders(document: OpenAPIObject): void {
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods as Record<string, Operation>)) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const names = headersOf(status, operation);
        response.headers = { ...response.headers, ...Object.fromEntries(names.map(reference)) };
      }
    }
  }
  const headers = Object.entries(HEADERS).map(([component, { description, required, schema, example }]): Entry => [
    component,
    { description, required, schema, example },
  ]);
  document.components = { ...document.components, headers: Object.fromEntries<HeaderObject>(headers) };
}

function headersOf(status: string, { 'x-rate-class': rateClass, security }: Operation): HeaderName[] {
  const isLimited = rateClass !== 'none';
  const isPublic = security?.length === 0;
  return [
    'RequestId',
    ...(isLimited ? (['RateLimitPolicy', 'RateLimit'] as const) : []),
    ...(['409', '429', '502', '503'].includes(status) ? (['RetryAfter'] as const) : []),
    ...(status === '401' && !isPublic ? (['Authenticate'] as const) : []),
  ];
}

const reference = (component: HeaderName): [string, object] => [
  HEADERS[component].name,
  { $ref: `#/components/headers/${component}` },
];
