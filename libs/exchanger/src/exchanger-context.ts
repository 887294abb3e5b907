import type { TokenContext } from '#tokens';
import type { Gate } from './gate/gate.js';
import type { Journal } from './journal/journal.js';
import type { ExchangeMetrics } from './metrics.js';

/** The collaborators of the exchanges of one process. */
export interface ExchangerContext extends TokenContext {
  /** The owner of the claims of this process. */
  holder: string;
  journal: Journal;
  gate: Gate;
  metrics: ExchangeMetrics;
  /** Called at each point where a crash would matter; the fault test kills the process there. */
  at?(point: CrashPoint): void;
}

/** The windows of the table in docs/refresh.md. */
export type CrashPoint = 'W1' | 'W2' | 'W3' | 'W4' | 'W5' | 'W6' | 'W7';
