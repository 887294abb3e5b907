import type { PublishRefusals } from '../contract/publish-failure.js';
import { graphCodesIn, graphSentenceIn } from '../graph-api/publish-codes.js';

const contents = (...subcodes: number[]) =>
  subcodes.map((subcode) => ({ class: 'content' as const, code: `/${subcode}` }));

/** By subcode: the error reference of content publishing, 2026-06-02, and public reports. */
export const instagramPublishRefusals: PublishRefusals = {
  codesIn: graphCodesIn,
  sentenceIn: graphSentenceIn,
  rows: [
    { class: 'retry', code: '/2207003' },
    { class: 'rebuild', code: '/2207020' },
    { class: 'retry', code: '/2207001', atCommit: 'ambiguous' },
    { class: 'rebuild', code: '/2207032' },
    { class: 'rebuild', code: '/2207053' },
    { class: 'content', code: '/2207057' },
    /** Posts were public in spite of it. */
    { class: 'wait', code: '/2207051', atCommit: 'ambiguous' },
    { class: 'wait', code: '/2207042' },
    /** A container that is public may be answered so, too. */
    { class: 'rebuild', code: '/2207006', atCommit: 'ambiguous' },
    { class: 'retry', code: '/2207008' },
    { class: 'action', code: '/2207050' },
    ...contents(2207023, 2207028, 2207035, 2207036, 2207037, 2207040, 2207026, 2207004, 2207005, 2207009, 2207010),
    { class: 'retry', code: '/2207052' },
    { class: 'retry', code: '/2207027' },
    { class: 'rebuild', code: '/2207076' },
    { class: 'rebuild', code: '/2207077' },
    { class: 'rebuild', code: '/2207082' },
    { class: 'retry', code: '/33', atCommit: 'ambiguous' },
    { class: 'wait', code: '80002' },
    { class: 'permission', code: '10' },
    { class: 'reauth', code: '190' },
  ],
};
