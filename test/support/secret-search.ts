import { constants, inflateRawSync } from 'node:zlib';

/** A value that only its owner may hold. */
export interface KnownSecret {
  /** `client secret` */
  kind: string;
  value: string | Buffer;
}

/** Characters of an encoded secret that count as a leak: a shorter piece of it may be chance. */
const PIECE_LENGTH = 16;
/** Above the number of pieces by far, so that few other positions have the hash of one. */
const HASHES = 2 ** 22;
const HASH_SHIFT = 32 - Math.log2(HASHES);

/** Finds secrets in bytes: whole, or 16 characters of them in a row, in each of several encodings. */
export class SecretSearch {
  readonly #pieces = new Map<string, string>();
  /** By the first three bytes of a piece, then by the hash of eight: a look at the map is slow, and few positions need one. */
  readonly #starts = new Uint8Array(2 ** 24);
  readonly #hashes = new Uint8Array(HASHES);

  constructor(secrets: readonly KnownSecret[]) {
    for (const { kind, value } of secrets)
      for (const [form, text] of formsOf(Buffer.from(value as string, 'utf8'))) this.#add(`${kind}, ${form}`, text);
  }

  /** `client secret, hex`: what is found, each once. */
  find(bytes: Buffer): string[] {
    const found = new Set<string>();
    for (const part of [bytes, ...unzipped(bytes)]) this.#findIn(part, found);
    return [...found].sort();
  }

  #add(name: string, text: string): void {
    if (text.length < PIECE_LENGTH) throw new Error(`${name} is too short to be found`);
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at + PIECE_LENGTH <= text.length; at += 1) {
      const piece = text.slice(at, at + PIECE_LENGTH);
      if (!this.#pieces.has(piece)) this.#pieces.set(piece, name);
      this.#starts[bytes.readUIntBE(at, 3)] = 1;
      this.#hashes[hashAt(bytes, at)] = 1;
    }
  }

  #findIn(bytes: Buffer, found: Set<string>): void {
    const starts = this.#starts;
    let start = bytes.length < PIECE_LENGTH ? 0 : bytes.readUInt16BE();
    for (let at = 0; at + PIECE_LENGTH <= bytes.length; at += 1) {
      start = ((start << 8) | bytes[at + 2]!) & 0xff_ff_ff;
      if (starts[start] === 0 || this.#hashes[hashAt(bytes, at)] === 0) continue;
      const name = this.#pieces.get(bytes.toString('latin1', at, at + PIECE_LENGTH));
      if (name !== undefined) found.add(name);
    }
  }
}

/** Of the first eight bytes of a piece. */
const hashAt = (bytes: Buffer, at: number): number =>
  (Math.imul(bytes.readInt32BE(at), 0x9e_37_79_b1) ^ Math.imul(bytes.readInt32BE(at + 4), 0x85_eb_ca_6b)) >>>
  HASH_SHIFT;

/** The encodings in which a process might write a secret, as text of one character a byte. */
function formsOf(value: Buffer): [form: string, text: string][] {
  const raw = value.toString('latin1');
  const base64 = [0, 1, 2].map((offset) => base64At(value, offset));
  const hex = value.toString('hex');
  const percent = encodeURIComponent(value.toString('utf8'));
  return [
    ['raw', raw],
    ...base64.map((text): [string, string] => ['base64', text]),
    ...base64.map((text): [string, string] => ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')]),
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ['URL encoding', percent],
    ['URL encoding', percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['JSON', JSON.stringify(raw).slice(1, -1)],
    ['reversed', Array.from(raw).reverse().join('')],
    ['UTF-16', Array.from(raw).join('\0')],
  ];
}

/** Characters of base64 that depend on bytes beside the value, at the start, by how many of them share its first group. */
const FOREIGN_CHARACTERS = [0, 2, 3];

/** The value in base64 where `offset` other bytes stand before it, without the characters that depend on other bytes. */
function base64At(value: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), value])
    .toString('base64')
    .replace(/=+$/, '');
  const isCut = (value.length + offset) % 3 !== 0;
  return text.slice(FOREIGN_CHARACTERS[offset], isCut ? -1 : undefined);
}

/** RFC 1952 2.3: gzip, deflate, no flags. The header has ten bytes then. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);
const GZIP_HEADER_BYTES = 10;

/** What is compressed inside of the bytes. */
function unzipped(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1)) {
    try {
      found.push(inflateRawSync(bytes.subarray(at + GZIP_HEADER_BYTES), { finishFlush: constants.Z_SYNC_FLUSH }));
    } catch {
      // Four bytes by chance.
    }
  }
  return found;
}
