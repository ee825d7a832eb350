import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import { downtimeSentence, status } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';

const HOST = 'api.pushbullet.com';

export const pushbullet = defineKind<string>({
  kind: 'pushbullet',
  label: 'Pushbullet',
  blurb: 'Pushes to devices with Pushbullet.',
  icon: tile('Pb', '#4ab367'),
  enabled: () => true,
  schema: z.string(),
  wants: () => ({ down: true, up: true }),
  describe: (value) => `token ${value.slice(0, 4)}…`,
  summary: () => 'an access token',
  form: {
    editable: false,
    fields: [
      {
        name: 'value',
        label: 'Access token',
        type: 'password',
        max: 100,
        required: true,
        help: 'Pushbullet, Settings, Account, Access Tokens.',
      },
    ],
    parse(input) {
      const value = textInput(input.value);
      if (!/^[\w.-]{1,100}$/.test(value)) return { ok: false, errors: { value: 'Enter an access token.' } };
      return { ok: true, value };
    },
    fill: (value) => ({ value }),
  },
  destination: () => HOST,
  async send(message) {
    const why = reason(message.facts);
    const down = downtimeSentence(message);
    const head = `The check "${message.name}" is ${status(message)}${why ? ` (${why})` : ''}.`;
    return await message.tools.http.call({
      url: `https://${HOST}/v2/pushes`,
      headers: { 'Access-Token': message.value },
      json: { type: 'note', title: message.tools.options.siteName, body: tidy(down ? `${head}\n${down}` : head) },
    });
  },
});
