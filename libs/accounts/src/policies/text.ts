import { z } from 'zod';

/** A surrogate without its other half. */
const LONE_SURROGATE = /\p{Cs}/u;
/** Control characters and the line separators of Unicode (UAX 14), which a single line must not contain. */
const NOT_ON_ONE_LINE = /[\p{Cc}\u2028\u2029]/u;
/** The same without line breaks and tabs. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u;
/** At least one visible character: not white space, not a zero-width or other invisible one. */
const VISIBLE = /[^\s\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Overrides of the writing direction (UAX 9) make a name read as another one. */
const OVERRIDE = /[\u202d\u202e]/u;

interface TextRules {
  /** Least number of characters; default 0. */
  shortest?: number;
  /** Line breaks and tabs are allowed. */
  lines?: boolean;
}

/**
 * Every text that a caller sends is of this type or of `text`: bounded, well-formed Unicode, and without NUL and other
 * control characters, which PostgreSQL, logs and HTTP headers do not carry.
 */
export const rawText = (longest: number, { shortest = 0, lines = false }: TextRules = {}): z.ZodString =>
  z
    .string()
    .min(shortest, shortest === 1 ? 'must not be empty' : `must be at least ${shortest} characters`)
    .max(longest, `must be at most ${longest} characters`)
    .refine((given) => !LONE_SURROGATE.test(given), 'must be well-formed Unicode')
    .refine((given) => !(lines ? CONTROL : NOT_ON_ONE_LINE).test(given), 'must not contain control characters');

/** A name or another short text for people: trimmed, on one line, with at least one visible character. */
export const text = (longest: number): z.ZodType<string, string> =>
  z
    .string()
    .trim()
    .pipe(
      rawText(longest)
        .refine((given) => VISIBLE.test(given), 'must not be empty')
        .refine((given) => !OVERRIDE.test(given), 'must not contain overrides of the writing direction'),
    )
    // JSON Schema has no trimming: the bounds are those of the text without white space at its ends.
    .meta({ minLength: 1, maxLength: longest });

/** The name of a workspace, in a credential or at the command line. It is an identity, so it is not trimmed. */
export const workspaceName = rawText(255).refine((given) => VISIBLE.test(given), 'must not be empty');
