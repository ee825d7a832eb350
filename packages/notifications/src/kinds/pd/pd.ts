import { tagList, uniqueKey } from '@overdue/checks';
import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { titleWithReason } from '../../message/phrases.ts';
import { pingTypeAndAge, schedule } from '../../message/words.ts';
import { failed, type TransportResult } from '../../result.ts';

/** An integration key, alone or as PagerDuty's install flow gives it. */
const schema = z.union([z.string(), z.object({ service_key: z.string(), account: z.string().optional() })]);
type PdValue = z.infer<typeof schema>;

const HOST = 'events.pagerduty.com';

export const pd = defineKind<PdValue>({
  kind: 'pd',
  label: 'PagerDuty',
  blurb: 'Triggers and resolves incidents on PagerDuty.',
  icon: tile('PD', '#06ac38'),
  enabled: (options) => !options.disabledKinds.has('pd'),
  schema,
  wants: () => ({ down: true, up: true }),
  describe: (value) => (typeof value === 'string' ? `key ${value.slice(0, 4)}…` : (value.account ?? 'PagerDuty')),
  summary: (value) => (typeof value === 'string' ? 'an integration key' : (value.account ?? 'PagerDuty')),
  form: {
    editable: false,
    fields: [
      {
        name: 'value',
        label: 'Integration key',
        type: 'password',
        max: 32,
        required: true,
        help: 'Of an integration of the type "Events API" of your service.',
      },
    ],
    parse(input) {
      const value = textInput(input.value);
      if (value === '' || value.length > 32) {
        return { ok: false, errors: { value: 'Enter an integration key of at most 32 characters.' } };
      }
      return { ok: true, value };
    },
    fill: (value) => ({ value: typeof value === 'string' ? value : value.service_key }),
  },
  destination: () => HOST,
  send,
});

async function send(message: Message<PdValue>): Promise<TransportResult> {
  const { tools, value, facts } = message;
  if (tools.options.disabledKinds.has('pd')) return failed('PagerDuty notifications are not enabled.');
  const { check, project, lastPing } = facts;
  const when = schedule(check);
  const tags = tagList(check.tags);
  return await tools.http.call({
    url: `https://${HOST}/generic/2010-04-15/create_event.json`,
    json: {
      service_key: typeof value === 'string' ? value : value.service_key,
      incident_key: uniqueKey(check.code),
      event_type: message.down ? 'trigger' : 'resolve',
      description: message.down ? titleWithReason(message) : tidy(`${message.name} received a ping and is UP`),
      client: tools.options.siteName,
      client_url: `${tools.options.siteRoot}/checks/${check.code}/details/`,
      details: {
        Project: project.name,
        'Total pings': lastPing?.n ?? 0,
        'Last ping': lastPing ? pingTypeAndAge(lastPing, message.now) : 'Never',
        ...(check.desc ? { Description: check.desc } : {}),
        ...(tags.length > 0 ? { Tags: tags.join(', ') } : {}),
        [when.label]: when.value,
        ...(when.tz === null ? {} : { 'Time zone': when.tz }),
      },
    },
  });
}
