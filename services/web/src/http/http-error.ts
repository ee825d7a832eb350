/** An answer that is not the page asked for; `message` is shown to the person. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, options: { retryAfterSeconds?: number } = {}) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The same for what does not exist and for what the asker may not know of (accounts.md §5). */
export function notFound(): HttpError {
  return new HttpError(404, 'There is nothing at this address, or you do not have access to it.');
}

/** 403: signed in, but not allowed. */
export function forbidden(message = 'Your role in this project does not allow this.'): HttpError {
  return new HttpError(403, message);
}

/** 429, with Retry-After. */
export function tooMany(retryAfterSeconds: number): HttpError {
  return new HttpError(429, 'Too many attempts. Wait a while, then try again.', { retryAfterSeconds });
}
