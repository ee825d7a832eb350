import { z } from 'zod';
import { INVALID_URL, urlInput } from '../form-input.ts';
import type { HttpAnswer } from '../http/client.ts';
import { defineKind, type Kind } from '../kind.ts';
import type { Message } from '../message/message.ts';
import { failed, type TransportResult } from '../result.ts';

/** What the kinds have in common that take one address and post JSON to it. */
interface UrlKind {
  readonly kind: string;
  readonly label: string;
  readonly blurb: string;
  readonly icon: string;
  /** Stored when the operator switched it off after it was added. */
  readonly off?: string;
  readonly placeholder: string;
  readonly help: string;
  readonly json: (message: Message<string>) => unknown | Promise<unknown>;
  readonly onError?: (answer: HttpAnswer) => TransportResult | undefined;
  /** How the address follows from what is stored. */
  readonly address?: (value: string) => string;
  /** Where to add it, when not at add_<kind>. */
  readonly addPath?: string;
}

/** An integration whose setting is one URL, and which posts JSON to it. */
export function urlKind(about: UrlKind): Kind<string> {
  const { kind, label, blurb, icon, addPath } = about;
  return defineKind<string>({
    kind,
    label,
    blurb,
    icon,
    ...(addPath ? { addPath } : {}),
    enabled: (options) => !options.disabledKinds.has(kind),
    schema: z.string(),
    wants: () => ({ down: true, up: true }),
    describe: hostOf,
    form: {
      editable: false,
      fields: [
        {
          name: 'value',
          label: `${label} address`,
          type: 'url',
          max: 1000,
          required: true,
          placeholder: about.placeholder,
          help: about.help,
        },
      ],
      parse(input) {
        const value = urlInput(input.value);
        return value === null ? { ok: false, errors: { value: INVALID_URL } } : { ok: true, value };
      },
      fill: (value) => ({ value }),
    },
    destination: (value) => hostOf(about.address?.(value) ?? value),
    async send(message) {
      const { tools, value } = message;
      if (about.off && tools.options.disabledKinds.has(kind)) return failed(about.off);
      return await tools.http.call({
        url: about.address?.(value) ?? value,
        json: await about.json(message),
        ...(about.onError ? { onError: about.onError } : {}),
      });
    },
  });
}

/** Host and port of an address. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url.slice(0, 50);
}
