import type { Clock } from '@overdue/clock';
import type { IntakeOutcome } from '@overdue/pings';

/** A response: everything but the body's presence (HEAD has none). */
export interface Answer {
  /** With reason phrase; '' is 200 OK. */
  readonly status: string;
  /**
   * Value of Content-Type, followed by the other header lines. At once, because each header that is handed to
   * uWebSockets.js costs as much as reading one, and a ping has six; and as bytes, which a text of this length is not
   * turned into cheaply.
   */
  readonly contentType: Uint8Array;
  readonly body: string;
}

const PAGE = (title: string, text: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>` +
  `<body><h1>${title}</h1><p>${text}</p></body></html>`;

const HTML = 'text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff';
const TEXT = 'text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff';

function bytes(headers: string): Uint8Array {
  return Buffer.from(headers, 'latin1');
}

/** ping-api.md section 4: statuses, texts, headers. Some carry the time, so they are made anew each second. */
export class Answers {
  readonly #clock: Clock;
  readonly #limitHeader: string;
  readonly #tooMany: Answer;
  #madeAt = -1;
  #recorded!: Answer;
  #created!: Answer;
  #unknownCode!: Answer;
  #badUrl!: Answer;
  #badRid!: Answer;

  /**
   * @param bodyLimit PING_BODY_LIMIT; null: none
   * @param rateLimit PING_RATE_LIMIT, pings a minute; 0: none
   */
  constructor(clock: Clock, bodyLimit: number | null, rateLimit: number) {
    this.#clock = clock;
    const wait = rateLimit > 0 ? Math.ceil(60 / rateLimit) : 60;
    this.#tooMany = { ...TOO_MANY, contentType: bytes(`${TEXT}\r\nRetry-After: ${wait}`) };
    this.#limitHeader = bodyLimit === null ? '' : `\r\nPing-Body-Limit: ${bodyLimit}`;
  }

  get recorded(): Answer {
    this.#refresh();
    return this.#recorded;
  }

  get badUrl(): Answer {
    this.#refresh();
    return this.#badUrl;
  }

  get badRid(): Answer {
    this.#refresh();
    return this.#badRid;
  }

  of(outcome: Exclude<IntakeOutcome, 'invalid'>, bySlug: boolean): Answer {
    this.#refresh();
    switch (outcome) {
      case 'recorded':
        return this.#recorded;
      case 'created':
        return this.#created;
      case 'unknown':
        return bySlug ? UNKNOWN_SLUG : this.#unknownCode;
      case 'ambiguous':
        return AMBIGUOUS;
      case 'too many':
        return this.#tooMany;
      case 'refused':
      case 'not created':
        return UNAVAILABLE;
    }
  }

  #refresh(): void {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second === this.#madeAt) return;
    this.#madeAt = second;
    const uncached =
      '\r\nCache-Control: max-age=0, no-cache, no-store, must-revalidate, private' +
      `\r\nExpires: ${new Date(second * 1000).toUTCString()}`;
    const ok = bytes(`${TEXT}${this.#limitHeader}\r\nAccess-Control-Allow-Origin: *${uncached}`);
    const text = bytes(TEXT + uncached);
    this.#recorded = { status: '', contentType: ok, body: 'OK' };
    this.#created = { status: '201 Created', contentType: ok, body: 'Created' };
    this.#unknownCode = { status: '404 Not Found', contentType: text, body: 'not found' };
    this.#badUrl = { status: '400 Bad Request', contentType: text, body: 'invalid url format' };
    this.#badRid = { status: '400 Bad Request', contentType: text, body: 'invalid uuid format' };
  }
}

/** Answers of the slug form's own, without cache headers. */
export const UPPER_CASE: Answer = { status: '400 Bad Request', contentType: bytes(TEXT), body: 'invalid url format' };
const UNKNOWN_SLUG: Answer = { status: '404 Not Found', contentType: bytes(TEXT), body: 'not found' };
const AMBIGUOUS: Answer = { status: '409 Conflict', contentType: bytes(TEXT), body: 'ambiguous slug' };

export const NO_ROUTE: Answer = {
  status: '404 Not Found',
  contentType: bytes(HTML),
  body: PAGE('Not Found', 'This is where Overdue takes pings. No check has this address.'),
};
export const BODY_TOO_LARGE: Answer = {
  status: '400 Bad Request',
  contentType: bytes(HTML),
  body: PAGE('Bad Request', 'The request body is too large.'),
};
const TOO_MANY = { status: '429 Too Many Requests', body: 'too many pings' };
export const UNAVAILABLE: Answer = {
  status: '503 Service Unavailable',
  contentType: bytes(`${TEXT}\r\nRetry-After: 5`),
  body: 'try again later',
};
