import { uniqueKey } from '@overdue/checks';
import { permanentWhen } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { titleWithReason } from '../../message/phrases.ts';
import { urlKind } from '../url-kind.ts';

export const victorops = urlKind({
  kind: 'victorops',
  label: 'Splunk On-Call',
  blurb: 'Opens and resolves incidents on Splunk On-Call (VictorOps).',
  icon: tile('OC', '#f0582a'),
  placeholder: 'https://alert.victorops.com/integrations/generic/…',
  help: 'Service API endpoint of the REST integration, with the routing key.',
  off: 'Splunk On-Call notifications are not enabled.',
  onError: permanentWhen(({ status }) => status === 404),
  json: (message) => ({
    entity_id: uniqueKey(message.facts.check.code),
    message_type: message.down ? 'CRITICAL' : 'RECOVERY',
    entity_display_name: message.name,
    state_message: titleWithReason(message),
    monitoring_tool: message.tools.options.siteName,
  }),
});
