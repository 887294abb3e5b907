import { collectDefaultMetrics, Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { Instrument, Source } from './instrument.js';
import { INSTRUMENTS, type LabelsOf, type NameOf } from './instruments.js';

export interface MetricsOptions {
  /** The name of the process, a label of every number: one text may contain the numbers of two processes. */
  process: string;
  /** The sources of this process. Instruments of other sources are not registered, and recording them does nothing. */
  sources: readonly Source[];
}

/** A number that is read, not counted. */
export interface Fact {
  name: NameOf<'gauge'>;
  labels: Readonly<Record<string, string>>;
  value: number;
}

type Refresh = () => void | Promise<void>;

/** The metrics of one process, and their Prometheus text. Only names and labels of the table can be recorded. */
export class Metrics {
  static readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #known = new Map<string, Metric>();
  readonly #refreshes: Refresh[] = [];

  constructor({ process, sources }: MetricsOptions) {
    this.#registry.setDefaultLabels({ process });
    collectDefaultMetrics({ register: this.#registry });
    const mine = Object.entries<Instrument>(INSTRUMENTS).filter(([, { source }]) => sources.includes(source));
    for (const [name, instrument] of mine) this.#known.set(name, made(name, instrument, this.#registry));
  }

  add<Name extends NameOf<'counter' | 'gauge'>>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    (this.#known.get(name) as Counter | Gauge | undefined)?.inc(labels, by);
  }

  set<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    (this.#known.get(name) as Gauge | undefined)?.set(labels, value);
  }

  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    (this.#known.get(name) as Histogram | undefined)?.observe(labels, value);
  }

  /** Replaces the gauges of one source. A gauge without a fact is removed: the text must not show an old number as current. */
  replace(source: Source, facts: readonly Fact[]): void {
    for (const [name, { kind, labels, source: from }] of Object.entries<Instrument>(INSTRUMENTS)) {
      if (kind === 'gauge' && from === source) removeGauge(this.#known.get(name) as Gauge | undefined, labels);
    }
    for (const { name, labels, value } of facts) (this.#known.get(name) as Gauge | undefined)?.set(labels, value);
  }

  /** Registers a callback that runs before each text and updates numbers that are read. It must not throw. */
  beforeText(refresh: Refresh): void {
    this.#refreshes.push(refresh);
  }

  async text(): Promise<string> {
    for (const refresh of this.#refreshes) await refresh();
    return this.#registry.metrics();
  }
}

/** A reset sets a gauge without labels to zero and does not remove it. */
function removeGauge(gauge: Gauge | undefined, labels: readonly string[]): void {
  if (labels.length > 0) gauge?.reset();
  else gauge?.remove();
}

function made(name: string, { kind, help, labels, buckets }: Instrument, register: Registry): Metric {
  const options = { name, help, labelNames: [...labels], registers: [register] };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, buckets: [...(buckets ?? [])] });
}
