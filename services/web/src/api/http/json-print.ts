import { Float } from './json-parse.ts';

/**
 * JSON as clients of the management API know it (M-8): ASCII only, `", "` and `": "` between members, in the order of
 * the object. Members that are undefined are left out; a {@link Float} keeps its point (`300.0`).
 */
export function printJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return printString(value);
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      break;
    default:
      throw new TypeError(`Not a JSON value: ${typeof value}`);
  }
  if (value === null) return 'null';
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (Array.isArray(value)) return `[${value.map(printJson).join(', ')}]`;
  let text = '';
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    text += (text === '' ? '' : ', ') + memberStart(name) + printJson(member);
  }
  return `{${text}}`;
}

const memberStarts = new Map<string, string>();

/** The name and its colon; names that come from our code are printed once. */
function memberStart(name: string): string {
  let start = memberStarts.get(name);
  if (start === undefined) {
    start = `${printString(name)}: `;
    if (memberStarts.size < 500) memberStarts.set(name, start);
  }
  return start;
}

/** Printable ASCII without what needs escaping: most strings. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** With quotes; everything beyond ASCII is escaped. */
export function printString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
