import { PUSH_FAMILIES } from '#providers';

/** The words by which our URLs for pushes begin: for whoever documents them. */
export const PUSH_FAMILY_NAMES: readonly string[] = PUSH_FAMILIES;
