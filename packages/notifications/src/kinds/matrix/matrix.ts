import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { badStatus } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, detailLines, downtimeSentence, HTML, link, othersLines, status } from '../../message/phrases.ts';
import { cloakedUrl, reason } from '../../message/words.ts';
import { failed, type TransportResult } from '../../result.ts';
import { jsonField } from '../json-field.ts';
import { hostOf } from '../url-kind.ts';

/** A room's id (`!…`), or its alias (`#…`), which is resolved by joining when a message is sent. */
const schema = z.string();

export const matrix = defineKind<string>({
  kind: 'matrix',
  label: 'Matrix',
  blurb: 'Sends to a Matrix room.',
  icon: tile('[m]', '#0dbd8b'),
  enabled: (options) => options.matrix !== null,
  schema,
  wants: () => ({ down: true, up: true }),
  describe: (value) => value,
  form: {
    editable: false,
    fields: [
      {
        name: 'alias',
        label: 'Room alias or id',
        type: 'text',
        max: 100,
        required: true,
        placeholder: '#alerts:example.org',
        help: 'A private room: invite our user first.',
      },
    ],
    parse(input) {
      const alias = textInput(input.alias);
      if (!/^[#!]\S{1,99}$/.test(alias)) {
        return { ok: false, errors: { alias: 'Enter an alias (#room:server) or an id (!room:server).' } };
      }
      return { ok: true, value: alias, ...(alias.startsWith('!') ? {} : { name: alias }) };
    },
    fill: (value) => ({ alias: value }),
  },
  destination: (_, options) => hostOf(options.matrix?.homeserver ?? 'matrix'),
  send,
});

async function send(message: Message<string>): Promise<TransportResult> {
  const { tools, value } = message;
  const { matrix: server } = tools.options;
  if (!server) return failed('Matrix notifications are not enabled.');
  const api = `${server.homeserver}/_matrix/client/v3`;
  const headers = { Authorization: `Bearer ${server.accessToken}` };
  let room: string | null = value;
  if (!value.startsWith('!')) {
    const answer = await tools.http
      .request({ method: 'POST', url: `${api}/join/${percentEncoded(value)}`, headers, body: '' })
      .catch(() => null);
    if (answer && answer.status !== 200) return badStatus(answer);
    room = answer && jsonField(answer.body, 'room_id');
    if (!room) return { result: 'retry', error: 'The Matrix server did not tell the id of the room' };
  }
  // The transaction id is the delivery id: the server shows a repetition once.
  const url = `${api}/rooms/${percentEncoded(room)}/send/m.room.message/${message.facts.deliveryId}`;
  return await tools.http.call({
    method: 'PUT',
    url,
    headers,
    json: {
      msgtype: 'm.text',
      body: tidy(plain(message)),
      format: 'org.matrix.custom.html',
      formatted_body: tidy(await formatted(message)),
    },
  });
}

/** For one step of a path: RFC 3986's reserved characters too, which `encodeURIComponent` leaves in part. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function plain(message: Message<string>): string {
  const why = reason(message.facts);
  const name = escapeHtml(message.name);
  if (message.down) return `${name} is DOWN${why ? ` (${why})` : ''}.`;
  const down = downtimeSentence(message);
  return `${name} is now UP.${down ? ` ${down}` : ''}`;
}

async function formatted(message: Message<string>): Promise<string> {
  const why = reason(message.facts);
  const { siteRoot } = message.tools.options;
  const body = await message.lastBodyText(1000);
  const name = `<a href="${link(message)}">${escapeHtml(message.name)}</a>`;
  const others = await othersLines(
    message,
    (other, age) => `<li><a href="${cloakedUrl(siteRoot, other)}">${escapeHtml(other.name)}</a> ${age}</li>`,
  );
  const [heading, ...items] = others;
  const down = downtimeSentence(message);
  return [
    `<p>${circle(message)} ${name} is ${message.down ? '' : 'now '}<b>${status(message)}</b>${why ? ` (${why})` : ''}.${down ? ` ${down}` : ''}</p>`,
    `<p>${detailLines(message, HTML).join('<br>')}</p>`,
    ...(body ? [`<p><b>Last Ping Body:</b></p><pre>${escapeHtml(body)}</pre>`] : []),
    ...(heading ? [`<p>${heading}</p>`] : []),
    ...(items.length > 0 ? [`<ul>${items.join('')}</ul>`] : []),
  ].join('\n');
}
