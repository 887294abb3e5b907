import type { z } from 'zod';

/** A body as the schema has it; undefined where it is another one, or no JSON. */
export function readJson<Schema extends z.ZodType>(schema: Schema, body: Buffer | string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(body.toString())).data;
  } catch {
    return undefined;
  }
}
