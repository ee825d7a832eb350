/** Log lines for people, without a transport thread: `08:56:23.123 WARN  message  key=value`. */

/** Shown in their own places, or known from the prefix. */
const OWN_PLACE = new Set(['level', 'time', 'msg', 'err', 'service']);

/** One JSON line of pino as text, with its line end; a line that is not JSON comes back as it is. */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const time = typeof entry.time === 'string' ? entry.time.slice(11, 23) : '';
  const level = String(entry.level ?? '')
    .toUpperCase()
    .padEnd(5);
  const details = Object.entries(entry)
    .filter(([key]) => !OWN_PLACE.has(key))
    .map(([key, value]) => `${key}=${printValue(value)}`);
  const head = [time, level, String(entry.msg ?? '')].join(' ').trimEnd();
  // Whoever warns goes on by itself: what happened is enough. The stack is for what nobody expected.
  const brief = entry.level === 'error' || entry.level === 'fatal' ? '' : printMessage(entry.err);
  const text = details.length > 0 ? `${head}${brief}  ${details.join(' ')}` : `${head}${brief}`;
  return `${text}${brief === '' ? printStack(entry.err) : ''}\n`;
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

function printMessage(err: unknown): string {
  const message = (err as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message !== '' ? `: ${message}` : '';
}

/** The stack below its line, indented; a reader of the terminal sees where the entry ends. */
function printStack(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : String(message ?? '');
  return text === '' ? '' : `\n${text.replace(/^/gm, '    ')}`;
}
