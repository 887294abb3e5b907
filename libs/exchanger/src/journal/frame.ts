import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from('EgJ1', 'latin1');
const LENGTH_AT = 4;
const CRC_AT = 8;
const TYPE_AT = 12;
const HEADER_BYTES = 13;

/** One record as it lies in a file: its type and what is sealed in it. */
export interface Frame {
  type: number;
  payload: Buffer;
}

/** All whole frames of a file, and what lay between and behind them. */
export interface FramesRead {
  frames: Frame[];
  /** Stretches between whole frames that are none themselves. */
  broken: number;
  /** Something lies behind the last whole frame: a write that a crash cut short. */
  torn: boolean;
}

/** `magic 4 | length of the payload 4 | CRC-32 of length, type and payload 4 | type 1 | payload`. */
export function toFrame({ type, payload }: Frame): Buffer {
  const frame = Buffer.concat([MAGIC, Buffer.alloc(HEADER_BYTES - MAGIC.length), payload]);
  frame.writeUInt32BE(payload.length, LENGTH_AT);
  frame.writeUInt8(type, TYPE_AT);
  frame.writeUInt32BE(checksum(frame), CRC_AT);
  return frame;
}

/** Finds every whole frame of a file that ends in zeroes; behind a broken one it looks for the next. */
export function readFrames(bytes: Buffer): FramesRead {
  const read: FramesRead = { frames: [], broken: 0, torn: false };
  let end = 0;
  for (let at = bytes.indexOf(MAGIC); at >= 0;) {
    const frame = frameAt(bytes, at);
    if (frame) {
      if (at > end) read.broken += 1;
      read.frames.push({ type: frame.readUInt8(TYPE_AT), payload: frame.subarray(HEADER_BYTES) });
      end = at + frame.length;
    }
    at = bytes.indexOf(MAGIC, frame ? end : at + 1);
  }
  read.torn = !isZero(bytes.subarray(end));
  return read;
}

/** Whether nothing was ever written here. */
export function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}

function frameAt(bytes: Buffer, at: number): Buffer | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const length = HEADER_BYTES + bytes.readUInt32BE(at + LENGTH_AT);
  const frame = bytes.subarray(at, at + length);
  return frame.length === length && checksum(frame) === frame.readUInt32BE(CRC_AT) ? frame : undefined;
}

const checksum = (frame: Buffer): number => crc32(frame.subarray(TYPE_AT), crc32(frame.subarray(LENGTH_AT, CRC_AT)));
