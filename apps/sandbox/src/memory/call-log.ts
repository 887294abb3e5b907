import { Collection, type EndpointName, type Journal } from '#providers/sandbox';

const CALLS_KEPT = 5_000;

/** One call by software or one decision by a person. Digests are cut short: enough to distinguish tokens, too little to use one. */
export interface CallRecord {
  readonly seq: number;
  /** Real time, whatever the sandbox's clock was turned to. */
  readonly at: string;
  readonly provider: string;
  readonly endpoint: EndpointName;
  readonly grant_type?: string;
  /** The push that the platform sent to the app. */
  readonly push?: 'revoked' | 'data_deletion';
  readonly client_id?: string;
  readonly persona?: string;
  /** `ok`, the reason of a refusal, or `fault` when one was answered instead of the call. */
  readonly outcome: string;
  readonly status: number;
  /** The platform's own error code. */
  readonly error?: string;
  /** Of the Authorization header of a bearer token, whole. */
  readonly bearer_fingerprint?: string;
  readonly refresh_token_fingerprint?: string;
  readonly issued_refresh_token_fingerprint?: string;
  readonly delay_ms?: number;
  readonly drip_ms?: number;
  /** The answer was not sent. */
  readonly connection_cut?: true;
  /** A fault was answered after the call had been carried out. */
  readonly answer_replaced?: true;
}

export interface CallFilter {
  readonly provider?: string;
  readonly endpoints?: readonly EndpointName[];
  /** A seq, or a time; calls after it. */
  readonly since?: number | Date;
}

/** The last calls, over restarts. */
export class CallLog extends Collection<CallRecord> {
  private seq = 0;
  private oldest: number | undefined;

  constructor(journal: Journal) {
    super('call', ({ seq }) => keyOf(seq), journal);
  }

  add(call: Omit<CallRecord, 'seq' | 'at'>): CallRecord {
    const record = { seq: this.seq + 1, at: new Date().toISOString(), ...call };
    this.save(record);
    while (this.items.size > CALLS_KEPT) this.dropOldest();
    return record;
  }

  override restore(call: CallRecord): void {
    super.restore(call);
    this.seq = Math.max(this.seq, call.seq);
    this.oldest ??= call.seq;
  }

  find({ provider, endpoints, since }: CallFilter): CallRecord[] {
    return [...this.all()].filter(
      (call) =>
        (provider === undefined || call.provider === provider) &&
        (endpoints === undefined || endpoints.includes(call.endpoint)) &&
        isAfter(call, since),
    );
  }

  override clear(): void {
    super.clear();
    this.seq = 0;
    this.oldest = undefined;
  }

  private dropOldest(): void {
    const call = this.get(keyOf(this.oldest ?? 0));
    if (call) this.delete(call);
    this.oldest = (this.oldest ?? 0) + 1;
  }
}

const keyOf = (seq: number): string => String(seq).padStart(12, '0');

function isAfter(call: CallRecord, since: number | Date | undefined): boolean {
  if (since === undefined) return true;
  return typeof since === 'number' ? call.seq > since : Date.parse(call.at) > since.getTime();
}
