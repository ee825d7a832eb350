/** Bytes of a chunk: far more than one piece of text, far less than what is worth allocating for a short answer. */
const CHUNK = 65_536;

/**
 * A long ASCII text, made of pieces, as bytes. In chunks: one buffer that grows copies what it has, and one string that
 * is joined in the end takes longer to join (6 ms for a megabyte) than to make.
 */
export class AsciiText {
  readonly #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK);
  #length = 0;

  add(piece: string): void {
    if (this.#length + piece.length > this.#chunk.length) this.#next(piece.length);
    this.#length += this.#chunk.write(piece, this.#length, 'latin1');
  }

  #next(length: number): void {
    this.#full.push(this.#chunk.subarray(0, this.#length));
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK, length));
    this.#length = 0;
  }

  chunks(): readonly Buffer[] {
    return [...this.#full, this.#chunk.subarray(0, this.#length)];
  }
}
