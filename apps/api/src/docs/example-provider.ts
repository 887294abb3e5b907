import { PROVIDER_NAMES } from '#providers';

/** The platform that the documentation's examples are about. */
export const EXAMPLE_PROVIDER = PROVIDER_NAMES[0];
