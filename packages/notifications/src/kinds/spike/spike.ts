import { uniqueKey } from '@overdue/checks';
import { tile } from '../../icon.ts';
import { lastPingSentence, titleWithReason } from '../../message/phrases.ts';
import { urlKind } from '../url-kind.ts';

export const spike = urlKind({
  kind: 'spike',
  label: 'Spike',
  blurb: 'Opens and resolves incidents on Spike.sh.',
  icon: tile('Sp', '#3d3d3d'),
  placeholder: 'https://api.spike.sh/v1/alerts/…',
  help: 'Webhook address of the integration.',
  off: 'Spike notifications are not enabled.',
  json(message) {
    const head = titleWithReason(message);
    const last = lastPingSentence(message);
    return {
      check_id: uniqueKey(message.facts.check.code),
      title: head,
      message: last ? `${head}.\n${last}` : `${head}.`,
      status: message.down ? 'down' : 'up',
    };
  },
});
