import type { JSX } from 'preact';
import type { ForCheck, InProject, SignedIn } from '../http/handlers.ts';
import { HttpError } from '../http/http-error.ts';
import type { Visit } from '../http/visit.ts';
import { statusCounts, type TagSummary, tagState, tagSummaries } from '../ui/checks/list-query.ts';
import { LastPing } from '../ui/checks/row.tsx';
import { rowVersion, seenState } from '../ui/checks/seen.ts';
import { StatusIcon } from '../ui/components/icons.tsx';
import { renderFragment } from '../ui/components/page.tsx';
import type { LiveCheck, LiveHub } from './hub.ts';

/** A comment this often keeps proxies from closing the connection. */
const HEARTBEAT_MS = 20_000;
/** A stream ends after this time; the browser opens a new one, and so finds out that it was signed out. */
const LONGEST_MS = 15 * 60_000;
const MOST_STREAMS = 1000;
const MOST_STREAMS_EACH = 40;

/** Open streams by user id. */
const open = new Map<number, number>();

/** GET /projects/P/checks/status/: JSON once, or server-sent events for `Accept: text/event-stream`. */
export function projectStatus(hub: LiveHub) {
  return (visit: InProject): void => {
    const signs = new Map<string, string>();
    watch(visit, hub, visit.access.project.id, (changed, all) => {
      // First only what each row should look like: a page that was just rendered has nothing to change.
      const first = signs.size === 0;
      const news = changed.filter((item) => signs.get(item.check.code) !== sign(item));
      for (const item of news) signs.set(item.check.code, sign(item));
      const down = all.filter((item) => item.status === 'down').length;
      const codes = all.map((item) => item.check.code);
      const summary = { down, codes, counts: statusCounts(all), tags: tagSummaries(all).map(tagSign) };
      if (first) return { ...summary, signs: all.map(sign) };
      return { ...summary, checks: news.map((item) => fragment(visit, item)) };
    });
  };
}

/** GET /checks/C/status/: says that something changed; the page then fetches itself. */
export function checkStatus(hub: LiveHub) {
  return (visit: ForCheck): void => {
    watch(visit, hub, visit.check.project_id, (changed) => {
      const item = changed.find((c) => c.check.code === visit.check.code);
      return item
        ? { status: item.status, started: item.started, version: item.version, seen: seenState(item.check) }
        : null;
    });
  };
}

type Listener = (changed: readonly LiveCheck[], all: readonly LiveCheck[]) => object | null;

function watch(visit: SignedIn, hub: LiveHub, projectId: number, toMessage: Listener): void {
  const { req, res } = visit;
  if (!(req.headers.accept ?? '').startsWith('text/event-stream')) {
    let stop: (() => void) | undefined;
    stop = hub.watch(projectId, (changed, all) => {
      if (!res.headersSent) res.json(toMessage(changed, all) ?? {});
      stop?.();
    });
    if (res.headersSent) stop();
    res.on('close', () => stop?.());
    return;
  }
  stream(visit, (send) => hub.watch(projectId, (changed, all) => send(toMessage(changed, all))));
}

/** Server-sent events until the browser goes away. */
function stream(visit: SignedIn, subscribe: (send: (message: object | null) => void) => () => void): void {
  const { req, res, deps } = visit;
  const { id } = visit.session.user;
  const own = open.get(id) ?? 0;
  const all = [...open.values()].reduce((sum, count) => sum + count, 0);
  if (own >= MOST_STREAMS_EACH || all >= MOST_STREAMS) {
    throw new HttpError(503, 'Too many pages are open at once.', { retryAfterSeconds: 60 });
  }
  open.set(id, own + 1);
  res.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  res.write('retry: 3000\n\n');
  const heartbeat = deps.clock.every(HEARTBEAT_MS, () => res.write(': still here\n\n'));
  const end = deps.clock.after(LONGEST_MS, () => res.end());
  const stop = subscribe((message) => {
    // A browser that does not read is cut off rather than buffered for.
    if (res.writableLength > 1_000_000) res.destroy();
    else if (message) res.write(`data: ${JSON.stringify(message)}\n\n`);
  });
  // Else a browser that went away would be noticed only when the next message to it fails (service.ts: half-open).
  const goneAway = () => res.destroy();
  req.socket.once('end', goneAway);
  res.on('close', () => {
    req.socket.off('end', goneAway);
    const left = (open.get(id) ?? 1) - 1;
    if (left > 0) open.set(id, left);
    else open.delete(id);
    heartbeat.cancel();
    end.cancel();
    stop();
  });
}

function sign({ status, check }: LiveCheck): string {
  return rowVersion(status, check);
}

/** What the chip of a tag shows. */
function tagSign(summary: TagSummary) {
  return { tag: summary.tag, down: summary.down, ...tagState(summary) };
}

/** The cells of a row of the list that change by themselves. */
function fragment(visit: Visit, item: LiveCheck) {
  const { check, status, started } = item;
  const now = visit.deps.clock.now();
  const render = (node: JSX.Element) => renderFragment({ ...visit, now }, node);
  return {
    code: check.code,
    status,
    started,
    sign: sign(item),
    html: {
      status: render(<StatusIcon status={status} started={started} />),
      last: render(<LastPing check={check} />),
    },
  };
}
