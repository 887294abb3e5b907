import { hkdfSync } from 'node:crypto';
import { Secret } from '#observability';

const KEY_BYTES = 32;
const ENTRY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_=-]+)$/;

/** What a subkey is for; a key made for one purpose opens nothing of another. */
export type Purpose = 'wrap' | 'fingerprint' | 'state' | 'cursor' | 'journal' | 'body' | 'canary';

export const missingKey = (keyId: string): string =>
  `no master key with the id "${keyId}": a key in use was taken from MASTER_KEYS`;

/** The master keys with their ids. The first one seals, all of them open. */
export class Keyring {
  readonly #masters: Map<string, Buffer>;
  readonly #subkeys = new Map<string, Buffer>();
  #primaryId: string;

  /** Reads `id:base64` of 32 bytes each, separated by commas or white space. */
  constructor(text: Secret) {
    const entries = text
      .reveal()
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(parse);
    const [first] = entries;
    if (!first) throw new Error('MASTER_KEYS holds no key');
    this.#masters = new Map(entries);
    if (this.#masters.size < entries.length) throw new Error('MASTER_KEYS names one key id twice');
    this.#primaryId = first[0];
  }

  /** The key of one purpose under one master key (HKDF-SHA-256, RFC 5869). Throws when the id is unknown. */
  subkey(purpose: Purpose, keyId: string = this.primaryId): Buffer {
    const name = `${purpose}/${keyId}`;
    const known = this.#subkeys.get(name) ?? this.derive(purpose, keyId);
    this.#subkeys.set(name, known);
    return known;
  }

  private derive(purpose: Purpose, keyId: string): Buffer {
    const master = this.#masters.get(keyId);
    if (!master) throw new Error(missingKey(keyId));
    return Buffer.from(hkdfSync('sha256', master, '', `evergrant/v1/${purpose}`, KEY_BYTES));
  }

  /** The id of the key that seals. */
  get primaryId(): string {
    return this.#primaryId;
  }

  /** All ids, the sealing one first. */
  get ids(): string[] {
    return [this.#primaryId, ...[...this.#masters.keys()].filter((id) => id !== this.#primaryId)];
  }

  /** From now on, the first key that is not among these ids seals. False where there is none: then nothing changes. */
  sealWithout(ids: readonly string[]): boolean {
    const next = this.ids.find((id) => !ids.includes(id));
    this.#primaryId = next ?? this.#primaryId;
    return next !== undefined;
  }
}

function parse(entry: string): [string, Buffer] {
  const match = ENTRY.exec(entry);
  const key = Buffer.from(match?.[2] ?? '', 'base64');
  if (!match?.[1] || key.length !== KEY_BYTES)
    throw new Error('MASTER_KEYS: each key is written id:base64 of 32 bytes');
  return [match[1], key];
}
