import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from '@overdue/observability';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate and its key on disk, read again when the files have changed (as ACME clients do every few weeks). */
export class Certificate {
  readonly #files: CertificateFiles;
  readonly #logger: Logger;
  #seen = '';

  constructor(files: CertificateFiles, logger: Logger) {
    this.#files = files;
    this.#logger = logger;
  }

  /** @throws Error that names the files when they cannot be read or do not belong together */
  async load(): Promise<KeyPair> {
    try {
      this.#seen = await this.#stamp();
      return await this.#read();
    } catch (error) {
      throw new Error(
        `SMTPD_TLS_CERT (${this.#files.cert}) and SMTPD_TLS_KEY (${this.#files.key}) are not usable together: ` +
          `${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** The new pair if the files changed and are good; else null. A bad pair is reported, and looked at again later. */
  async changed(): Promise<KeyPair | null> {
    try {
      const stamp = await this.#stamp();
      if (stamp === this.#seen) return null;
      const pair = await this.#read();
      this.#seen = stamp;
      this.#logger.info(`E-mail listener: took over the changed certificate ${this.#files.cert}`);
      return pair;
    } catch (err) {
      this.#logger.warn({ err }, `E-mail listener: the changed certificate ${this.#files.cert} is not usable yet`);
      return null;
    }
  }

  async #read(): Promise<KeyPair> {
    const [cert, key] = await Promise.all([readFile(this.#files.cert), readFile(this.#files.key)]);
    // Throws when they do not fit each other, which is so for a moment while they are being replaced.
    createSecureContext({ cert, key });
    return { cert, key };
  }

  async #stamp(): Promise<string> {
    const stats = await Promise.all([stat(this.#files.cert), stat(this.#files.key)]);
    return stats.map(({ ino, size, mtimeMs }) => `${ino}:${size}:${mtimeMs}`).join(' ');
  }
}
