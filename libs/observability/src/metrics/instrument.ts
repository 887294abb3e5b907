/** The origin of the numbers of an instrument. A process registers only the sources that it has. */
export type Source =
  'exchanges' | 'journal' | 'exchanger' | 'database' | 'requests' | 'jobs' | 'queue' | 'profiles' | 'webhooks';

/** One measured quantity. A label has few values and is never an id. */
export interface Instrument {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly source: Source;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit at the end of its name. */
  readonly buckets?: readonly number[];
}

export const counter = <const Labels extends readonly string[]>(source: Source, help: string, labels: Labels) =>
  ({ kind: 'counter', source, help, labels }) as const;

export const gauge = <const Labels extends readonly string[]>(source: Source, help: string, labels: Labels) =>
  ({ kind: 'gauge', source, help, labels }) as const;

export const histogram = <const Labels extends readonly string[]>(
  source: Source,
  help: string,
  labels: Labels,
  buckets: readonly number[],
) => ({ kind: 'histogram', source, help, labels, buckets }) as const;
