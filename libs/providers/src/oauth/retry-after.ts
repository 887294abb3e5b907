const LONGEST = 6 * 60 * 60;

/** Seconds of a Retry-After header in either form (RFC 9110 10.2.3), at most six hours; undefined when there is none. */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1_000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), LONGEST);
}
