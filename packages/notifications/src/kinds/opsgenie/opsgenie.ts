import { tagList, uniqueKey } from '@overdue/checks';
import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { badStatus } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { link } from '../../message/phrases.ts';
import { pingTypeAndAge, reason, schedule } from '../../message/words.ts';
import { failed, type TransportResult } from '../../result.ts';
import { jsonField } from '../json-field.ts';

const schema = z.preprocess(
  (stored) => (typeof stored === 'string' ? { region: 'us', key: stored } : stored),
  z.object({ region: z.enum(['us', 'eu']), key: z.string() }),
) as z.ZodType<OpsgenieValue>;
interface OpsgenieValue {
  readonly region: 'us' | 'eu';
  readonly key: string;
}

const host = (value: OpsgenieValue) => (value.region === 'eu' ? 'api.eu.opsgenie.com' : 'api.opsgenie.com');

export const opsgenie = defineKind<OpsgenieValue>({
  kind: 'opsgenie',
  label: 'Opsgenie',
  blurb: 'Creates and closes alerts on Opsgenie.',
  icon: tile('O', '#2684ff'),
  enabled: (options) => !options.disabledKinds.has('opsgenie'),
  schema,
  wants: () => ({ down: true, up: true }),
  describe: (value) => `key ${value.key.slice(0, 4)}… (${value.region.toUpperCase()})`,
  summary: (value) => `an API key (${value.region.toUpperCase()})`,
  form: {
    editable: false,
    fields: [
      {
        name: 'region',
        label: 'Region',
        type: 'select',
        initial: 'us',
        choices: [
          { value: 'us', label: 'United States' },
          { value: 'eu', label: 'European Union' },
        ],
      },
      { name: 'key', label: 'API key', type: 'password', max: 40, required: true, help: 'Of an API integration.' },
    ],
    parse(input) {
      const region = input.region ?? 'us';
      const key = textInput(input.key);
      const errors: Record<string, string> = {};
      if (key === '' || key.length > 40) errors.key = 'Enter an API key of at most 40 characters.';
      if (region !== 'us' && region !== 'eu') errors.region = 'Select a valid choice.';
      if (Object.keys(errors).length > 0) return { ok: false, errors };
      return { ok: true, value: { region: region as 'us' | 'eu', key } };
    },
    fill: (value) => ({ ...value }),
  },
  destination: host,
  send,
});

async function send(message: Message<OpsgenieValue>): Promise<TransportResult> {
  const { tools, value, facts } = message;
  if (tools.options.disabledKinds.has('opsgenie')) return failed('Opsgenie notifications are not enabled.');
  const { check, project, lastPing } = facts;
  const alias = uniqueKey(check.code);
  const source = tools.options.siteName;
  const when = schedule(check);
  const why = reason(facts);
  const url = `https://${host(value)}/v2/alerts`;
  return await tools.http.call({
    url: message.down ? url : `${url}/${alias}/close?identifierType=alias`,
    headers: { Authorization: `GenieKey ${value.key}` },
    json: message.down
      ? {
          alias,
          source,
          tags: tagList(check.tags),
          message: tidy(`The check "${escapeHtml(message.name)}" is DOWN${why ? ` (${why})` : ''}.`),
          description: check.desc,
          details: {
            Project: project.name,
            'Total pings': lastPing?.n ?? 0,
            'Last ping': lastPing ? pingTypeAndAge(lastPing, message.now) : 'Never',
            [when.label]: when.tz === null ? when.value : `<code>${escapeHtml(when.value)}</code>`,
            ...(when.tz === null ? {} : { 'Time zone': when.tz }),
            'Full details': link(message),
          },
        }
      : { alias, source },
    onError(answer) {
      const text = jsonField(answer.body, 'message');
      return text === null
        ? undefined
        : badStatus(answer, `Received status code ${answer.status} with a message: "${text}"`);
    },
  });
}
