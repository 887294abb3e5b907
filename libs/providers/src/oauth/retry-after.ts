const LONGEST = 6 * 60 * 60;

const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)`;
const NUMBERS = new RegExp(`^${NUMBER}(?:\\s*,\\s*${NUMBER})*$`);
/** The three forms of RFC 9110 5.6.7, and ISO 8601 with a zone. Whatever else `Date.parse` takes is garbage here: it reads `-5` as May 2001. */
const DATES = [/^[A-Z][a-z]{2,8}, [\w :-]+ GMT$/, /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/];
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/**
 * The moment of an answer by the clock that its dates were written with: its `Date` header (RFC 9110 6.6.1). The clock of this host
 * may be wrong, and an answer from the journal may be old. Without the header it is now.
 */
export function momentOf({ date = '' }: Record<string, string>, now = Date.now()): number {
  const moment = dateOf(date.trim());
  return Number.isNaN(moment) ? now : moment;
}

/**
 * Seconds of a Retry-After header in either form (RFC 9110 10.2.3), rounded up, at most six hours; of several values the
 * longest. Undefined where there is none that can be read.
 */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  return bounded(NUMBERS.test(text) ? Math.max(...text.split(',').map(Number)) : (dateOf(text) - now) / 1_000);
}

function dateOf(text: string): number {
  // The form without a zone means GMT; `Date.parse` would take it for local time.
  if (ASCTIME.test(text)) return Date.parse(`${text} GMT`);
  return DATES.some((form) => form.test(text)) ? Date.parse(text) : NaN;
}

const bounded = (seconds: number): number | undefined =>
  Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), LONGEST);

const RESET_HEADERS = ['x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset'];

/** Numbers above are Unix times: in seconds from 1973 on, in milliseconds from 5138 on if they were seconds. */
const UNIX_SECONDS = 10 ** 8;
const UNIX_MILLISECONDS = 10 ** 11;

/**
 * Seconds until the window of a rate limit ends, by the headers that platforms use in place of Retry-After: a Unix time or
 * seconds from now; or `t` of the IETF draft's `RateLimit`. Rounded up, at most six hours; undefined where none can be read.
 */
export function secondsUntilReset(headers: Record<string, string>, now = Date.now()): number | undefined {
  const values = RESET_HEADERS.map((name) => headers[name]?.trim() ?? '').filter((value) => NUMBERS.test(value));
  const draft = /;\s*t=(\d+)/.exec(headers.ratelimit ?? '')?.[1];
  const waits = [
    ...values.flatMap((value) => value.split(',').map(Number)).map((value) => waitUntil(value, now)),
    ...(draft ? [Number(draft)] : []),
  ];
  return waits.length === 0 ? undefined : bounded(Math.max(...waits));
}

function waitUntil(reset: number, now: number): number {
  if (reset < UNIX_SECONDS) return reset;
  return (reset < UNIX_MILLISECONDS ? reset : reset / 1_000) - now / 1_000;
}
