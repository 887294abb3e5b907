/** ISO 8601 in UTC without milliseconds, as everything we answer. */
export function isoTime(time: Date): string;
export function isoTime(time: Date | null): string | null;
export function isoTime(time: Date | null): string | null {
  return time && time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
