/** Writes numbers, texts and UUIDs into a buffer that grows. Little-endian. */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(size = 1024) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): this {
    this.#room(1);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
    return this;
  }

  /** Any safe integer or fraction: ids, instants. */
  f64(value: number): this {
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
    return this;
  }

  /** At most 65,535 bytes of UTF-8. */
  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.u16(length);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  uuid(value: string): this {
    this.#room(16);
    this.#at += this.#bytes.write(value.replaceAll('-', ''), this.#at, 'hex');
    return this;
  }

  bytes(value: Buffer): this {
    this.u32(value.length);
    this.#room(value.length);
    this.#at += value.copy(this.#bytes, this.#at);
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads what {@link ByteWriter} wrote. @throws RangeError past the end */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#move(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#move(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#move(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#move(8));
  }

  text(): string {
    const length = this.u16();
    const at = this.#move(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  uuid(): string {
    const at = this.#move(16);
    const hex = this.#bytes.toString('hex', at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  bytes(): Buffer {
    const length = this.u32();
    const at = this.#move(length);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  #move(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new RangeError('The record is too short');
    this.#at = at + length;
    return at;
  }
}
