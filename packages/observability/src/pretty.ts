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
  const text = details.length > 0 ? `${head}  ${details.join(' ')}` : head;
  return `${text}${printError(entry.err)}\n`;
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** The stack below its line, indented; a reader of the terminal sees where the entry ends. */
function printError(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : String(message ?? '');
  return text === '' ? '' : `\n${text.replace(/^/gm, '    ')}`;
}
