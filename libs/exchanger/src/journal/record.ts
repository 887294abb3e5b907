import { type Keyring, open, seal } from '#crypto';
import { codeOf, CodedError } from '#observability';
import type { PlatformAnswer } from '#providers';
import { type Frame, toFrame } from './frame.js';
import type { JournaledIntent } from './journal.js';

export const TYPES = { dispatched: 1, answered: 2, settled: 3 } as const;

export interface JournalRecord {
  type: keyof typeof TYPES;
  intent: JournaledIntent;
  /** With the type `answered`. */
  answer: PlatformAnswer | null;
  /** With the type `settled`: whether the answer is kept. */
  isKept?: boolean;
}

/**
 * Seals records under the keyring's subkey for journals. The type and the intent stand in the clear and are bound to what
 * is sealed; the key's id stands before them, so that records outlive a change of the primary key.
 */
export class RecordCodec {
  readonly #subkeys = new Map<string, Buffer>();

  constructor(private readonly keyring: Keyring) {}

  /** The id of the key that seals new records. */
  get keyId(): string {
    return this.keyring.primaryId;
  }

  /** `length of the key id 1 | key id | length of the intent 2 | intent | sealed answer`. */
  encode({ type, intent, answer, isKept }: JournalRecord): Buffer {
    const keyId = Buffer.from(this.keyring.primaryId, 'utf8');
    const clear = Buffer.from(JSON.stringify(isKept ? [...toClear(intent), true] : toClear(intent)), 'utf8');
    const plain = answer ? answerToBytes(answer) : Buffer.alloc(0);
    const sealed = seal(this.subkey(this.keyring.primaryId), place(TYPES[type], clear), plain);
    plain.fill(0);
    const lengths = [Buffer.of(keyId.length), Buffer.alloc(2)] as const;
    lengths[1].writeUInt16BE(clear.length);
    return toFrame({ type: TYPES[type], payload: Buffer.concat([lengths[0], keyId, lengths[1], clear, sealed]) });
  }

  /**
   * Throws `journal.key_missing` when the key is not there any more, and `journal.unreadable` when the record is not what was
   * sealed. `file` is for the message.
   */
  decode(frame: Frame, file = 'a file'): JournalRecord {
    try {
      return this.decoded(frame);
    } catch (error) {
      if (codeOf(error) === 'journal.key_missing') throw error;
      throw unreadable(file, error);
    }
  }

  private decoded({ type, payload }: Frame): JournalRecord {
    const keyId = keyIdOf(payload);
    if (!this.keyring.ids.includes(keyId))
      throw new CodedError(
        'journal.key_missing',
        `the journal has records that the master key "${keyId}" sealed, and MASTER_KEYS lacks it; see docs/runbooks/journal.md`,
      );
    const clearAt = 1 + payload.readUInt8(0) + 2;
    const sealedAt = clearAt + payload.readUInt16BE(clearAt - 2);
    const clear = payload.subarray(clearAt, sealedAt);
    const key = this.subkey(keyId);
    const plain = open(key, place(type, clear), payload.subarray(sealedAt));
    const parts = JSON.parse(clear.toString('utf8')) as Clear;
    const name = (Object.keys(TYPES) as JournalRecord['type'][]).find((known) => TYPES[known] === type);
    if (!name) throw new Error(`a journal record has the type ${type}, which no version of ours has written`);
    return {
      type: name,
      intent: fromClear(parts),
      answer: name === 'answered' ? bytesToAnswer(plain) : null,
      ...(parts[5] && { isKept: true }),
    };
  }

  private subkey(keyId: string): Buffer {
    const known = this.#subkeys.get(keyId) ?? this.keyring.subkey('journal', keyId);
    this.#subkeys.set(keyId, known);
    return known;
  }
}

/** An intent as it stands in a record. Earlier releases wrote the first four alone. */
type Clear = [string, JournaledIntent['kind'], string, string | null, (number | null)?, boolean?];

const toClear = ({ intentId, kind, subjectId, version, claimedAt }: JournaledIntent): Clear => [
  intentId,
  kind,
  subjectId,
  version,
  claimedAt ?? null,
];

const fromClear = ([intentId, kind, subjectId, version, claimedAt]: Clear): JournaledIntent => ({
  ...{ intentId, kind, subjectId, version },
  ...(typeof claimedAt === 'number' && { claimedAt }),
});

/** Erased or skipped, the record could be the only copy of a pair: the operator decides. */
export const unreadable = (file: string, cause?: unknown): CodedError =>
  new CodedError(
    'journal.unreadable',
    `the journal has a record that does not open in ${file}: it was changed, or sealed with other bytes under the same key id. Nothing was erased. See docs/runbooks/journal.md`,
    { cause },
  );

/** The id of the exchange of a record, as it stands in the clear: not verified. */
export function intentIdOf(payload: Buffer): string {
  const clearAt = 1 + payload.readUInt8(0) + 2;
  const clear = payload.toString('utf8', clearAt, clearAt + payload.readUInt16BE(clearAt - 2));
  return (JSON.parse(clear) as Clear)[0];
}

/** The id of the master key that sealed a record. */
export const keyIdOf = (payload: Buffer): string => payload.toString('utf8', 1, 1 + payload.readUInt8(0));

const place = (type: number, clear: Buffer): Buffer => Buffer.concat([Buffer.of(type), clear]);

/** Not JSON as a whole: a body is bytes, in whatever encoding. (Records of earlier releases hold UTF-8 text in the same place.) */
function answerToBytes({ status, headers, body }: PlatformAnswer): Buffer {
  const head = Buffer.from(JSON.stringify([status, headers]), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, body]);
}

function bytesToAnswer(bytes: Buffer): PlatformAnswer {
  const bodyAt = 4 + bytes.readUInt32BE(0);
  const [status, headers] = JSON.parse(bytes.toString('utf8', 4, bodyAt)) as [number, Record<string, string>];
  return { status, headers, body: bytes.subarray(bodyAt) };
}
