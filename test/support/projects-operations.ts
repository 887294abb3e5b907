import { isOfProjectsSurface } from '../../apps/api/src/http/projects-problem.js';
import { type ApiDocument, DeclaredAnswers } from './declared-answers.js';

interface DescribedOperation {
  parameters?: { name: string; schema: { example?: string } }[];
  requestBody?: { content: Record<string, { examples: { example: { value: object } } }> };
  responses: ApiDocument['paths'][string][string]['responses'];
}

/** A request that an endpoint of the projects surface takes, with the examples of the document. */
export interface ProjectsOperation {
  /** `GET /v1/projects/{projectId}` */
  name: string;
  method: string;
  /** With an example in place of each id. */
  path: string;
  body: string | undefined;
  statuses: number[];
}

/** The endpoints of the projects surface as a running service describes them; `declared` checks their answers. */
export async function readProjectsOperations(
  apiUrl: string,
): Promise<{ operations: ProjectsOperation[]; declared: DeclaredAnswers }> {
  const document = (await (await fetch(`${apiUrl}/v1/openapi.json`)).json()) as ApiDocument;
  const operations = Object.entries(document.paths)
    .filter(([path]) => isOfProjectsSurface(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, DescribedOperation>).map(([method, described]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => exampleOf(described, name)),
        body: bodyOf(described),
        statuses: Object.keys(described.responses).map(Number),
      })),
    );
  return { operations, declared: new DeclaredAnswers(document) };
}

function exampleOf({ parameters = [] }: DescribedOperation, name: string): string {
  const example = parameters.find((one) => one.name === name)?.schema.example;
  if (example === undefined) throw new Error(`the parameter ${name} has no example`);
  return example;
}

function bodyOf({ requestBody }: DescribedOperation): string | undefined {
  const [content] = Object.values(requestBody?.content ?? {});
  return content && JSON.stringify(content.examples.example.value);
}
