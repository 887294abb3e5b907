import type { PublishRefusals } from '../contract/publish-failure.js';
import { valuesAt } from '../publish/json-path.js';

/** The end of a problem type is its code: docs.x.com, response codes and errors, 2026-11-30; sentences out of public reports. */
export const xPublishRefusals: PublishRefusals = {
  codesIn: (json) => [
    ...valuesAt(json, 'type').map((type) => type.split('/').at(-1) ?? ''),
    ...valuesAt(json, 'title'),
    ...valuesAt(json, 'code'),
  ],
  sentenceIn: (json) =>
    [...valuesAt(json, 'detail'), ...valuesAt(json, 'message'), ...valuesAt(json, 'errors.*.message')].join(' '),
  rows: [
    { class: 'billing', code: 'CreditsDepleted' },
    { class: 'duplicate', status: 403, sentence: /duplicate content/ },
    { class: 'action', code: 'user-suspended' },
    { class: 'action', status: 403, sentence: /temporarily locked/ },
    { class: 'app', code: 'usage-capped' },
    { class: 'app', code: 'client-forbidden' },
    { class: 'permission', code: 'not-authorized-for-resource' },
    {
      class: 'content',
      status: 403,
      sentence: /maximum of one cashtag|maximum of 4 items|invalid URL|longer than 2 minutes/,
    },
    { class: 'content', status: 403, sentence: /You are not permitted to perform this action/ },
    { class: 'rebuild', status: 400, sentence: /media IDs are invalid/ },
  ],
};
