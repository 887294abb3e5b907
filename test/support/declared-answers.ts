import { z } from 'zod';

interface Media {
  schema?: object;
}

interface Header {
  $ref?: string;
  required?: boolean;
  schema?: { pattern?: string };
}

interface DeclaredResponse {
  headers?: Record<string, Header>;
  content?: Record<string, Media>;
}

/** What this file reads of an OpenAPI document. */
export interface ApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, DeclaredResponse> }>>;
  components: { schemas: Record<string, object>; headers?: Record<string, Header> };
}

interface Operation {
  name: string;
  method: string;
  path: RegExp;
  responses: Record<string, DeclaredResponse>;
}

/**
 * The schemas with which the API's own document declares its answers. They are strict: a member that is missing and a member
 * that is not declared both differ from the declaration.
 */
export class DeclaredAnswers {
  readonly #operations: readonly Operation[];
  readonly #definitions: object;
  readonly #headers: Record<string, Header>;
  readonly #schemas = new Map<object, z.ZodType>();

  constructor({ paths, components }: ApiDocument) {
    this.#operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        responses,
      })),
    );
    this.#definitions = components.schemas;
    this.#headers = components.headers ?? {};
  }

  /**
   * Throws where status, headers, content type or JSON body of an answer are not as the document declares them for its operation.
   * An unknown path declares nothing. An answer that the proxy passes on is the platform's.
   */
  async check(method: string, path: string, response: Response): Promise<void> {
    const operation = this.find(method, path.replace(/\?.*/s, ''));
    if (!operation || response.headers.has('evergrant-upstream')) return;
    const contentType = contentTypeOf(response);
    const answer = `the answer ${response.status} (${contentType}) of ${operation.name}`;
    const declared = operation.responses[String(response.status)] ?? fail(answer);
    this.checkHeaders(answer, declared, response.headers);
    if (contentType !== '')
      await this.checkBody(answer, declared.content?.[contentType]?.schema ?? fail(answer), response);
  }

  private async checkBody(answer: string, schema: object, response: Response): Promise<void> {
    if (!/^application\/(problem\+)?json$/.test(contentTypeOf(response))) return;
    const { error } = this.schemaOf(schema).safeParse(await response.clone().json());
    if (error) throw new Error(`${answer} is not as declared:\n${z.prettifyError(error)}`);
  }

  private checkHeaders(answer: string, { headers = {} }: DeclaredResponse, given: Headers): void {
    for (const [name, header] of Object.entries(headers))
      checkHeader(`${answer}, header ${name}`, this.resolved(header), given.get(name));
  }

  private resolved(header: Header): Header {
    const name = header.$ref?.split('/').at(-1);
    return (name === undefined ? undefined : this.#headers[name]) ?? header;
  }

  /** `/v1/accounts/count` before `/v1/accounts/{id}`. */
  private find(method: string, path: string): Operation | undefined {
    const found = this.#operations.filter((operation) => operation.method === method && operation.path.test(path));
    return found.find(({ name }) => !name.includes('{')) ?? found[0];
  }

  private schemaOf(schema: object): z.ZodType {
    const known = this.#schemas.get(schema);
    if (known) return known;
    const whole = JSON.stringify({ ...schema, $defs: this.#definitions });
    const read = z.fromJSONSchema(
      JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
    );
    this.#schemas.set(schema, read);
    return read;
  }
}

function fail(answer: string): never {
  throw new Error(`${answer} is not declared`);
}

const contentTypeOf = ({ headers }: Response): string => (headers.get('content-type') ?? '').replace(/;.*/, '');

function checkHeader(header: string, { required, schema }: Header, value: string | null): void {
  if (value === null) {
    if (required) throw new Error(`${header} is missing`);
  } else if (!new RegExp(schema?.pattern ?? '').test(value)) throw new Error(`${header} is not as declared: ${value}`);
}
