import type { Duration } from '#config';
import type { EndpointName } from '#providers/sandbox';

/** A failure of one endpoint, for a number of calls. */
export interface Fault {
  readonly provider: string;
  readonly endpoint: EndpointName;
  readonly times: number;
  /** An answer instead of the call, which is not carried out; with `when`, instead of its answer. */
  readonly status?: number;
  /** The call is carried out, and then answered with `status`: as by a gateway that loses the platform's own answer. */
  readonly when?: 'before' | 'after';
  /** A Buffer is answered byte by byte. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Waits this long before answering; alone, the call is carried out at once and only its answer is late. */
  readonly delay?: Duration;
  /** The body of the answer arrives byte by byte, with this pause before each; alone, the call is carried out. */
  readonly drip?: Duration;
  /** Cuts the connection: before the call is carried out, or after. */
  readonly drop?: 'before' | 'after';
}

/** Planned faults, oldest first. */
export class Faults {
  private planned: { fault: Fault; left: number }[] = [];

  plan(fault: Fault): void {
    this.planned.push({ fault, left: fault.times });
  }

  /** The fault for this call, if there is one; it has one time less left. */
  take(provider: string, endpoint: EndpointName): Fault | undefined {
    if (this.planned.length === 0) return undefined;
    const entry = this.planned.find(({ fault }) => fault.provider === provider && fault.endpoint === endpoint);
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left === 0) this.planned = this.planned.filter((other) => other !== entry);
    return entry.fault;
  }

  list(): (Fault & { left: number })[] {
    return this.planned.map(({ fault, left }) => ({ ...fault, left }));
  }

  clear(): void {
    this.planned = [];
  }
}

/** Whether the call itself is left out. */
export const replacesTheCall = ({ drop, status, when }: Fault): boolean =>
  drop === 'before' || (drop === undefined && status !== undefined && when !== 'after');

/** Whether the call is carried out, and another answer is sent. */
export const replacesTheAnswer = (fault: Fault | undefined): boolean =>
  fault?.status !== undefined && fault.when === 'after';
