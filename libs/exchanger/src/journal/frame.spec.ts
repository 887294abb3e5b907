import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Frame, readFrames, toFrame } from './frame.js';

const frames: Frame[] = ['first', 'second', 'the last of them'].map((text, at) => ({
  type: at + 1,
  payload: Buffer.from(text),
}));
const written = Buffer.concat(frames.map(toFrame));
const tail = toFrame(frames[2]!).length;
const file = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(4_096 - bytes.length)]);
const bytesOfTail = Array.from({ length: tail }, (_, at) => at);
const garbled = (at: number): Buffer => {
  const bytes = Buffer.from(written);
  bytes[at] = bytes[at]! ^ 0xff;
  return bytes;
};

describe('the records of a file', () => {
  it('come back as they were written, whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: fc.integer({ min: 1, max: 255 }), payload: fc.uint8Array({ maxLength: 300 }) })),
        (given) => {
          const all = given.map(({ type, payload }) => ({ type, payload: Buffer.from(payload) }));
          const bytes = Buffer.concat([...all.map(toFrame), Buffer.alloc(512)]);
          expect(readFrames(bytes)).toEqual({ frames: all, broken: 0, torn: false });
        },
      ),
    );
  });

  it.each(bytesOfTail)('reads frames up to a last one whose write ended after %i bytes', (kept) => {
    const bytes = written.subarray(0, written.length - tail + kept);
    for (const found of [readFrames(file(bytes)), readFrames(bytes)]) {
      expect(found).toEqual({ frames: frames.slice(0, 2), broken: 0, torn: kept > 0 });
    }
  });

  it.each(bytesOfTail)('reads frames up to a last one whose byte %i is changed', (at) => {
    expect(readFrames(file(garbled(written.length - tail + at)))).toEqual({
      frames: frames.slice(0, 2),
      broken: 0,
      torn: true,
    });
  });

  it('reads frames behind a broken one', () => {
    const first = toFrame(frames[0]!).length;
    for (let at = first; at < written.length - tail; at += 1) {
      expect(readFrames(file(garbled(at)))).toEqual({ frames: [frames[0], frames[2]], broken: 1, torn: false });
    }
  });

  it('reads frames behind one that contains the bytes of another', () => {
    const nested: Frame = { type: 9, payload: toFrame(frames[0]!) };
    expect(readFrames(file(toFrame(nested))).frames).toEqual([nested]);
  });
});
