import { type Duration, seconds } from '#config';

const MIB = 1024 * 1024;

/** How much room a journal holds ready, in bytes unless said otherwise. */
export interface Layout {
  segmentSize: number;
  /** What one exchange may need at most: an answer of 1 MB with its headers, and the small records beside it. */
  slot: number;
  /** Exchanges for which room is held ready; when more than three quarters are in flight, more is made. At least 8. */
  ahead: number;
  /** How long after the last exchange is settled the files are emptied. */
  quiet: Duration;
  /** How long to wait before a disk that failed is tried again. */
  retry: Duration;
}

/** 48 MB: most of it is there so that a full disk cannot strike in mid-exchange. */
export const LAYOUT: Layout = { segmentSize: 4 * MIB, slot: MIB + MIB / 16, ahead: 32, quiet: seconds(1), retry: seconds(1) };
