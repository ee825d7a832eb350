import { isConnectionError } from '@overdue/database';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { renderToString } from 'preact-render-to-string';
import type { WebDeps } from '../deps.ts';
import { wantsData } from '../http/handlers.ts';
import { HttpError, notFound } from '../http/http-error.ts';
import type { Site } from '../site.ts';
import { Mark } from './components/icons.tsx';

const TITLES: Readonly<Record<number, string>> = {
  400: 'This request was not understood',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible here',
  413: 'Too large',
  429: 'Too many attempts',
  500: 'Something went wrong',
  503: 'Not available right now',
};

/** What no route took; an address without its last slash leads to the one with it. */
export const nothingHere: RequestHandler = (req, res) => {
  const [path = '', query] = req.originalUrl.split(/\?(.*)/s);
  // A path that begins with two slashes, or a backslash, would be another host's in Location.
  if (req.method !== 'GET' || /\/$|\.\w+$|^\/[\\/]/.test(path)) throw notFound();
  res.redirect(301, `${path}/${query === undefined ? '' : `?${query}`}`);
};

/**
 * Every error becomes a page that says what happened and what to do; unexpected ones are logged with their stack, and
 * the page says nothing about them. Needs no database: it may be what is missing.
 */
export function errorPages(deps: WebDeps, site: Site): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const problem = problemOf(error);
    if (problem.status >= 500) {
      deps.logger.error({ err: error, method: req.method, path: req.path }, 'A request failed');
    }
    if (problem.retryAfterSeconds !== undefined) res.set('Retry-After', String(problem.retryAfterSeconds));
    res.status(problem.status);
    if (wantsData(req)) return void res.json({ error: problem.message });
    const title = TITLES[problem.status] ?? 'Something went wrong';
    const html = renderToString(
      <html lang="en" data-theme="system">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{`${title} – ${site.name}`}</title>
          <link rel="icon" href={site.base + site.assets.url('favicon.svg')} type="image/svg+xml" />
          <link rel="stylesheet" href={site.base + site.assets.url('app.css')} />
        </head>
        <body>
          <main class="container narrow">
            <section class="dialog-page error-page">
              <Mark size={44} />
              <p class="error-code">{problem.status}</p>
              <h1>{title}</h1>
              <p>{problem.message}</p>
              {deps.config.DEBUG && <pre class="ping-body">{error instanceof Error ? error.stack : String(error)}</pre>}
              <p>
                <a href={`${site.base}/`} class="button">
                  To the start page
                </a>
              </p>
            </section>
          </main>
        </body>
      </html>,
    );
    res.type('html').send(`<!doctype html>${html}`);
  };
}

function problemOf(error: unknown): Pick<HttpError, 'status' | 'message' | 'retryAfterSeconds'> {
  if (error instanceof HttpError) return error;
  if (isConnectionError(error)) {
    return {
      status: 503,
      message: 'The database does not answer. Pings are still taken and kept; try this page again in a moment.',
      retryAfterSeconds: 5,
    };
  }
  // What the framework found wrong with the request: broken percent-encoding, an over-long or malformed body.
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 413) {
    return { status: 413, message: 'What you sent is larger than this form takes.', retryAfterSeconds: undefined };
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status: 400, message: 'The address or the form is malformed.', retryAfterSeconds: undefined };
  }
  return {
    status: 500,
    message: 'This is our fault, and it has been logged. Try again; if it stays, tell whoever runs this installation.',
    retryAfterSeconds: undefined,
  };
}
