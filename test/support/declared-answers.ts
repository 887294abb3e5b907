import { z } from 'zod';

interface Media {
  schema?: object;
}

/** What this file reads of an OpenAPI document. */
export interface ApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, Media> }> }>>;
  components: { schemas: Record<string, object> };
}

interface Operation {
  name: string;
  method: string;
  path: RegExp;
  responses: Record<string, { content?: Record<string, Media> }>;
}

/**
 * The schemas with which the API's own document declares its answers. They are strict: a member that is missing and a member
 * that is not declared both differ from the declaration.
 */
export class DeclaredAnswers {
  readonly #operations: readonly Operation[];
  readonly #definitions: object;
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
  }

  /** Throws where a JSON answer of an operation is not as the document declares it. An unknown path declares nothing. */
  async check(method: string, path: string, response: Response): Promise<void> {
    const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
    const operation = this.find(method, path.split('?')[0] ?? '');
    if (!operation || !/^application\/(problem\+)?json$/.test(contentType)) return;
    const answer = `the answer ${response.status} (${contentType}) of ${operation.name}`;
    const schema = declaredIn(operation, response.status, contentType);
    if (!schema) throw new Error(`${answer} is not declared`);
    const { error } = this.schemaOf(schema).safeParse(await response.clone().json());
    if (error) throw new Error(`${answer} is not as declared:\n${z.prettifyError(error)}`);
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

const declaredIn = ({ responses }: Operation, status: number, contentType: string): object | undefined =>
  responses[String(status)]?.content?.[contentType]?.schema;
