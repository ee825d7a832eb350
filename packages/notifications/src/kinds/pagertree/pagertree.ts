import { tagList, uniqueKey } from '@overdue/checks';
import { tile } from '../../icon.ts';
import { escapeHtml } from '../../message/escape.ts';
import { lastPingSentence, titleWithReason } from '../../message/phrases.ts';
import { urlKind } from '../url-kind.ts';

export const pagertree = urlKind({
  kind: 'pagertree',
  label: 'PagerTree',
  blurb: 'Opens and resolves alerts on PagerTree.',
  icon: tile('PT', '#16b378'),
  placeholder: 'https://api.pagertree.com/integration/…',
  help: 'Endpoint of the integration.',
  off: 'PagerTree notifications are not enabled.',
  json(message) {
    const { siteName, siteRoot } = message.tools.options;
    const { check } = message.facts;
    const description = `${titleWithReason(message, escapeHtml)}.`;
    const last = lastPingSentence(message);
    return {
      incident_key: uniqueKey(check.code),
      event_type: message.down ? 'trigger' : 'resolve',
      title: titleWithReason(message),
      description: last ? `${description}\n${last}` : description,
      client: siteName,
      client_url: siteRoot,
      tags: tagList(check.tags).join(' '),
    };
  },
});
