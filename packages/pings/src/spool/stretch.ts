/** A part of a file: a good frame, or bytes that cannot be read as any. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** null: it cannot be read. */
  readonly payload: Buffer | null;
}
