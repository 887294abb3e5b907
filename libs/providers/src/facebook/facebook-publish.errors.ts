import type { PublishRefusals } from '../contract/publish-failure.js';
import { graphCodesIn, graphSentenceIn } from '../graph-api/publish-codes.js';

const A_DAY = 86_400;
const PERMISSIONS = Array.from({ length: 100 }, (_, index) => String(200 + index));

/** By subcode first: Meta's error reference and public reports, 2026-11-30. */
export const facebookPublishRefusals: PublishRefusals = {
  codesIn: graphCodesIn,
  sentenceIn: graphSentenceIn,
  rows: [
    { class: 'retry', code: '/1363047', atCommit: 'ambiguous' },
    { class: 'retry', code: '/1609010', atCommit: 'ambiguous' },
    { class: 'wait', code: '/1390008', wait: A_DAY },
    { class: 'duplicate', code: '/1366051' },
    { class: 'action', code: '/1404078' },
    { class: 'action', code: '/4854002' },
    { class: 'action', code: '/1404006' },
    { class: 'action', code: '/1404112' },
    { class: 'content', code: '/1346003' },
    { class: 'content', code: '/1404102' },
    { class: 'content', code: '/1366046' },
    { class: 'content', code: '/2069019' },
    { class: 'content', code: '/1609008' },
    { class: 'content', code: '/2061006' },
    { class: 'content', code: '/1609005' },
    { class: 'duplicate', code: '506' },
    { class: 'retry', code: '1', atCommit: 'ambiguous' },
    { class: 'retry', code: '2', atCommit: 'ambiguous' },
    ...['4', '17', '32', '613', '341'].map((code) => ({ class: 'wait' as const, code })),
    { class: 'wait', code: '368', wait: A_DAY },
    { class: 'permission', code: '10' },
    ...PERMISSIONS.map((code) => ({ class: 'permission' as const, code })),
    { class: 'permission', sentence: /No permission to publish the video/ },
    { class: 'reauth', code: '190' },
    { class: 'content', code: '100' },
  ],
};
