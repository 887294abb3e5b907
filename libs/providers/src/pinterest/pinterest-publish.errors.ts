import type { PublishRefusals } from '../contract/publish-failure.js';
import { valuesAt } from '../publish/json-path.js';

/** Public reports; the numbers 1, 2, 8 and 40 are not documented, so sentences and statuses count beside them. */
export const pinterestPublishRefusals: PublishRefusals = {
  codesIn: (json) => valuesAt(json, 'code'),
  sentenceIn: (json) => valuesAt(json, 'message').join(' '),
  rows: [
    { class: 'retry', sentence: /Unable to reach the URL/ },
    { class: 'app', code: '29', sentence: /Trial access/ },
    { class: 'permission', code: '29' },
    { class: 'permission', status: 401, code: '3' },
    { class: 'content', status: 404, sentence: /Board not found/ },
    { class: 'content', status: 400, code: '1' },
    { class: 'wait', status: 429, code: '8' },
  ],
};
