import { permanentWhen } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { joinAsterisks } from '../../message/escape.ts';
import { failed } from '../../result.ts';
import { storedAddress } from '../stored-address.ts';
import { hostOf, urlKind } from '../url-kind.ts';
import { slackPayload } from './payload.ts';

const base = urlKind({
  kind: 'slack',
  label: 'Slack',
  blurb: 'Posts to a Slack channel.',
  icon: tile('S', '#4a154b'),
  placeholder: 'https://hooks.slack.com/services/…',
  help: 'Address of an incoming webhook of your Slack workspace.',
  json: (message) => slackPayload(message, joinAsterisks),
});

export const slack = defineKind<string>({
  ...base,
  schema: storedAddress('incoming_webhook'),
  describe: hostOf,
  async send(message) {
    const { tools, value } = message;
    if (tools.options.disabledKinds.has('slack')) return failed('Slack notifications are not enabled.');
    return await tools.http.call({
      url: value,
      json: await slackPayload(message, joinAsterisks),
      onError: permanentWhen(({ status, body }) => status === 404 || (status === 400 && body === 'invalid_token')),
    });
  },
});
