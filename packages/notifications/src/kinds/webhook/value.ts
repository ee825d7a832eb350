import { z } from 'zod';
import { INVALID_URL, textInput, urlInput } from '../../form-input.ts';
import type { Field, Parsed } from '../../kind.ts';

const method = z.enum(['GET', 'POST', 'PUT']).catch('GET');
const headers = z.record(z.string(), z.string()).catch({});
const text = z.string().catch('');

/** A webhook's request for each status; an empty URL: not called for it. */
export const schema = z.object({
  method_down: method,
  url_down: text,
  body_down: text,
  headers_down: headers,
  method_up: method,
  url_up: text,
  body_up: text,
  headers_up: headers,
  name: text,
});

export type WebhookValue = z.infer<typeof schema>;

const METHODS = ['GET', 'POST', 'PUT'] as const;

export const fields: readonly Field[] = [
  { name: 'name', label: 'Name', type: 'text', max: 100, help: 'Optional. Shown in the list of integrations.' },
  ...(['down', 'up'] as const).flatMap((status): Field[] => {
    const group = status === 'down' ? 'When a check goes down' : 'When a check comes back up';
    return [
      {
        name: `method_${status}`,
        label: 'Method',
        type: 'select',
        initial: 'GET',
        choices: METHODS.map((value) => ({ value, label: value })),
        group,
      },
      {
        name: `url_${status}`,
        label: 'URL',
        type: 'url',
        max: 1000,
        placeholder: 'https://',
        help: status === 'down' ? 'At least one of the two URLs is needed.' : '',
        group,
      },
      { name: `body_${status}`, label: 'Body', type: 'textarea', max: 1000, help: 'Sent with POST and PUT.', group },
      {
        name: `headers_${status}`,
        label: 'Headers',
        type: 'textarea',
        placeholder: 'Content-Type: application/json',
        help: 'One "Name: value" a line.',
        pairs: true,
        group,
      },
    ];
  }),
];

/** What was entered in the form, as it is stored; or what is wrong, by field. */
export function parse(input: Readonly<Record<string, string | undefined>>): Parsed<WebhookValue> {
  const errors: Record<string, string> = {};
  const read = (status: 'down' | 'up') => {
    const given = textInput(input[`url_${status}`]);
    const url = given === '' ? '' : urlInput(given);
    if (url === null) errors[`url_${status}`] = INVALID_URL;
    const body = textInput(input[`body_${status}`]);
    if ([...body].length > 1000) errors[`body_${status}`] = 'Ensure this value has at most 1000 characters.';
    const parsedHeaders = parseHeaders(input[`headers_${status}`] ?? '');
    if (typeof parsedHeaders === 'string') errors[`headers_${status}`] = parsedHeaders;
    const chosen = METHODS.find((m) => m === (input[`method_${status}`] ?? 'GET'));
    if (!chosen) errors[`method_${status}`] = 'Select a valid choice.';
    return { method: chosen ?? 'GET', url: url ?? '', body, headers: parsedHeaders as Record<string, string> };
  };
  const down = read('down');
  const up = read('up');
  const name = textInput(input.name);
  if ([...name].length > 100) errors.name = 'Ensure this value has at most 100 characters.';
  if (Object.keys(errors).length === 0 && !down.url && !up.url) errors.url_down = INVALID_URL;
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  return {
    ok: true,
    name,
    value: {
      method_down: down.method,
      url_down: down.url,
      body_down: down.body,
      headers_down: down.headers,
      method_up: up.method,
      url_up: up.url,
      body_up: up.body,
      headers_up: up.headers,
      name,
    },
  };
}

/** Headers as entered, one a line; or what is wrong with them. */
function parseHeaders(input: string): Record<string, string> | string {
  const result: Record<string, string> = {};
  for (const line of input.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    if (colon === -1) return 'Use "Header-Name: value" pairs, one per line.';
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === '' || value === '') return 'Use "Header-Name: value" pairs, one per line.';
    if ([...name].some((char) => char > '\u00ff')) return `Header names must not contain special characters: ${name}`;
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return `This is not a header name: ${name}`;
    if ([...name].length > 1000 || [...value].length > 1000) return 'Value too long';
    result[name] = value;
  }
  return result;
}

/** The form's fields for what is stored. */
export function fill(value: WebhookValue): Record<string, string> {
  const lines = (all: Record<string, string>) =>
    Object.entries(all)
      .map(([name, text]) => `${name}: ${text}`)
      .join('\n');
  return { ...value, headers_down: lines(value.headers_down), headers_up: lines(value.headers_up) };
}
