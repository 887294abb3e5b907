import { type Duration, minutes, seconds } from '#config';

const MIB = 1024 * 1024;

/** How much space a journal preallocates, in bytes unless stated otherwise. */
export interface Layout {
  segmentSize: number;
  /** What one exchange needs, its answer and the small records beside it: token endpoints answer with a few kilobytes. */
  slot: number;
  /** Slots that are kept beside those in flight: for an answer of the largest kind, of 1 MB, and for what is not settled yet. */
  beside: number;
  /** Exchanges for which space is preallocated; when more than three quarters are in flight, more is allocated. At least 8. */
  ahead: number;
  /** How long the answers of one-time tokens stay after they are stored. */
  keep: Duration;
  /** The most that all files take, but those of exchanges in flight: the oldest kept answers go first. */
  ring: number;
  /** How long after the last exchange is settled the files are emptied. */
  quiet: Duration;
  /** How long to wait before a disk that failed is tried again. */
  retry: Duration;
}

/** 24 MB, there so that a full disk cannot strike in mid-exchange. */
export const LAYOUT: Layout = {
  segmentSize: 4 * MIB,
  slot: MIB / 16,
  beside: 20,
  ahead: 320,
  keep: minutes(15),
  ring: 256 * MIB,
  quiet: seconds(1),
  retry: seconds(1),
};
