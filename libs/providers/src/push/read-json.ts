import type { z } from 'zod';
import { parseJson } from '../oauth/decode-answer.js';

/** A body as the schema has it; undefined where it is another one, or no JSON. */
export function readJson<Schema extends z.ZodType>(
  schema: Schema,
  body: Buffer | string,
): z.output<Schema> | undefined {
  return schema.safeParse(parseJson(body.toString())).data;
}
