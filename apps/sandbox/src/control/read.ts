import type { z } from 'zod';
import { invalid } from './problem.js';

/** The value as the schema has it; throws a Problem that names every field at fault. */
export function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value ?? {});
  if (!result.success) throw invalid(result.error.issues);
  return result.data;
}
