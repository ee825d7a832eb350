import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { ago } from '../../message/ago.ts';
import { tidy } from '../../message/escape.ts';
import { cloakedUrl, schedule } from '../../message/words.ts';
import { failed } from '../../result.ts';

const schema = z.object({ token: z.string(), list_id: z.string(), board_name: z.string(), list_name: z.string() });

const HOST = 'api.trello.com';

export const trello = defineKind<z.infer<typeof schema>>({
  kind: 'trello',
  label: 'Trello',
  blurb: 'Adds a card to a Trello list when a check goes down.',
  icon: tile('Tr', '#0079bf'),
  enabled: (options) => options.trelloAppKey !== undefined,
  schema,
  wants: () => ({ down: true, up: false }),
  describe: (value) => `${value.board_name}, ${value.list_name}`,
  form: {
    editable: false,
    fields: [
      { name: 'token', label: 'Token', type: 'password', max: 1000, required: true },
      { name: 'list_id', label: 'List id', type: 'text', max: 32, required: true },
      { name: 'board_name', label: 'Board', type: 'text', max: 100, of: 'list_id' },
      { name: 'list_name', label: 'List', type: 'text', max: 100, of: 'list_id' },
    ],
    parse(input) {
      const token = textInput(input.token);
      const list_id = textInput(input.list_id);
      const board_name = textInput(input.board_name);
      const list_name = textInput(input.list_name);
      const errors: Record<string, string> = {};
      if (!token || token.length > 1000) errors.token = 'Enter a token.';
      if (!/^[0-9a-f]{16,32}$/.test(list_id)) errors.list_id = 'Enter 16 to 32 hexadecimal digits.';
      if ([...board_name].length > 100) errors.board_name = 'Ensure this value has at most 100 characters.';
      if ([...list_name].length > 100) errors.list_name = 'Ensure this value has at most 100 characters.';
      if (Object.keys(errors).length > 0) return { ok: false, errors };
      return { ok: true, value: { token, list_id, board_name, list_name } };
    },
    fill: (value) => ({ ...value }),
  },
  destination: () => HOST,
  async send(message) {
    const { tools, value, facts } = message;
    const { trelloAppKey, siteRoot } = tools.options;
    if (!trelloAppKey) return failed('Trello notifications are not enabled.');
    const when = schedule(facts.check);
    const desc = [
      ...(facts.check.desc ? [facts.check.desc] : []),
      `**${when.label}:** ${when.tz === null ? when.value : `\`${when.value}\``}`,
      ...(when.tz === null ? [] : [`**Time Zone:** ${when.tz}`]),
      `**Last Ping:** ${facts.lastPing ? ago(facts.lastPing.at, message.now) : 'never'}`,
      `[View Details](${cloakedUrl(siteRoot, facts.check)})`,
    ].join('\n\n');
    return await tools.http.call({
      url: `https://${HOST}/1/cards`,
      params: {
        idList: value.list_id,
        name: tidy(`Down: ${message.name}`),
        desc: tidy(desc),
        key: trelloAppKey,
        token: value.token,
      },
    });
  },
});
