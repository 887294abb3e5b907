import type { PublishRefusals } from '../contract/publish-failure.js';
import { valuesAt } from '../publish/json-path.js';

/** Sentences and codes of public reports; the posts page, 2026-11-30. */
export const linkedinPublishRefusals: PublishRefusals = {
  codesIn: (json) => [...valuesAt(json, 'errorDetails.inputErrors.*.code'), ...valuesAt(json, 'code')],
  sentenceIn: (json) => valuesAt(json, 'message').join(' '),
  rows: [
    { class: 'duplicate', code: 'DUPLICATE_POST' },
    { class: 'content', code: 'FIELD_ARRAY_SIZE_TOO_HIGH' },
    { class: 'retry', sentence: /Unable to obtain activity/, wait: 30 },
    { class: 'permission', status: 403, sentence: /resource is forbidden/ },
    { class: 'permission', code: 'ACCESS_DENIED' },
    { class: 'app', status: 426 },
    { class: 'wait', status: 429, sentence: /DAY limit/ },
  ],
};
