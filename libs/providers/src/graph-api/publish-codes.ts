import { valuesAt } from '../publish/json-path.js';

/** `/<subcode>` first, which is more exact, then the code. */
export const graphCodesIn = (json: unknown): string[] => [
  ...valuesAt(json, 'error.error_subcode').map((subcode) => `/${subcode}`),
  ...valuesAt(json, 'error.code'),
];

export const graphSentenceIn = (json: unknown): string => valuesAt(json, 'error.message').join(' ');
