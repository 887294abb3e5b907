import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answer, intent, keyring } from '../../../../test/support/journals.js';
import { type Frame, readFrames } from './frame.js';
import { RecordCodec } from './record.js';

const codec = new RecordCodec(keyring);
const frameOf = (bytes: Buffer): Frame => readFrames(bytes).frames[0]!;

describe('a record of the journal', () => {
  it('comes back as it was, whatever a platform answered', () => {
    const answers = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      headers: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(answers, (given) => {
        const record = { type: 'answered' as const, intent: intent({ version: null }), answer: given };
        expect(codec.decode(frameOf(codec.encode(record)))).toEqual(record);
      }),
      { numRuns: 50 },
    );
  });

  it('opens only as what it was written for', () => {
    const frame = frameOf(
      codec.encode({ type: 'answered', intent: intent({ subjectId: 'the-subject', version: '7' }), answer: answer() }),
    );
    const changed = (from: string, to: string): Frame => ({
      ...frame,
      payload: Buffer.from(frame.payload.toString('latin1').replace(from, to), 'latin1'),
    });
    expect(codec.decode(frame).answer).toEqual(answer());
    expect(() => codec.decode(changed('the-subject', 'an-other-id'))).toThrow('does not open');
    expect(() => codec.decode(changed('"7"', '"8"'))).toThrow('does not open');
    expect(() => codec.decode(changed('"refresh"', '"another"'))).toThrow('does not open');
    expect(() => codec.decode({ ...frame, type: 3 })).toThrow('does not open');
  });
});
