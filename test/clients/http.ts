/** An answer that is no success, with the body as it came. */
class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`the answer is ${status}: ${JSON.stringify(body)}`);
  }
}

export interface ClientOptions {
  baseUrl: string;
  apiKey: string;
}

/** Calls a JSON API. Throws RefusedError. */
export async function callJson<Answer>(
  { baseUrl, apiKey }: ClientOptions,
  [method, path]: [method: string, path: string],
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) throw new RefusedError(response.status, answer);
  return answer as Answer;
}

/** `?a=1&b=2` of the members that have a value. */
export function queryOf(filters: object): string {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return query === '' ? '' : `?${query}`;
}
