import type { Metrics } from '#observability';

/** What a journal and a gate say of themselves. */
export interface Watched {
  journal: { writable(): boolean; bytes: number; unsettledCount: number };
  gate: { waiting: number };
}

/** Tells what the process that talks to token endpoints holds: looked at whenever the metrics are asked for. */
export function watchExchanges(metrics: Metrics, { journal, gate }: Watched): void {
  metrics.beforeTelling(() => {
    metrics.set('evergrant_journal_size_bytes', {}, journal.bytes);
    metrics.set('evergrant_journal_unsettled', {}, journal.unsettledCount);
    metrics.set('evergrant_journal_writable', {}, journal.writable() ? 1 : 0);
    metrics.set('evergrant_gate_waiting', {}, gate.waiting);
  });
}
