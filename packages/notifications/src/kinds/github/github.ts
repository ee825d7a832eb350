import { createSign } from 'node:crypto';
import { z } from 'zod';
import { badStatus, permanentWhen } from '../../http/client.ts';
import { errorText, isUnreachable } from '../../http/error-text.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { details, link, title } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';
import { failed, retry, type TransportResult } from '../../result.ts';
import { jsonField } from '../json-field.ts';

const schema = z.object({
  installation_id: z.number(),
  repo: z.string(),
  labels: z.array(z.string()).default([]),
}) as unknown as z.ZodType<GithubValue>;
interface GithubValue {
  readonly installation_id: number;
  readonly repo: string;
  readonly labels: readonly string[];
}

const HOST = 'api.github.com';

export const github = defineKind<GithubValue>({
  kind: 'github',
  label: 'GitHub',
  blurb: 'Opens an issue when a check goes down.',
  icon: tile('GH', '#24292f'),
  enabled: (options) => options.github !== undefined,
  schema,
  wants: () => ({ down: true, up: false }),
  describe: (value) => value.repo,
  form: null,
  destination: () => HOST,
  send,
});

async function send(message: Message<GithubValue>): Promise<TransportResult> {
  const { tools, value } = message;
  const app = tools.options.github;
  if (!app) return failed('GitHub notifications are not enabled.');
  let token: string | null;
  try {
    const answer = await tools.http.request({
      method: 'POST',
      url: `https://${HOST}/app/installations/${value.installation_id}/access_tokens`,
      headers: { Authorization: `Bearer ${appToken(app, tools.clock.now())}`, Accept: 'application/vnd.github+json' },
      body: '',
    });
    if (answer.status === 404) return failed(`GitHub denied access to ${value.repo}`);
    if (answer.status !== 201 && answer.status !== 200) return badStatus(answer);
    token = jsonField(answer.body, 'token');
  } catch (error) {
    return retry(errorText(error), { unreachable: isUnreachable(error) });
  }
  if (token === null) return retry('GitHub did not give an access token');
  return await tools.http.call({
    url: `https://${HOST}/repos/${value.repo}/issues`,
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.github+json' },
    json: { title: title(message), body: await issueText(message), labels: value.labels },
    onError: permanentWhen(({ status }) => status === 410),
  });
}

async function issueText(message: Message<GithubValue>): Promise<string> {
  const why = reason(message.facts);
  const body = await message.lastBodyText(1000);
  const lines = [
    `[${escapeHtml(message.name)}](${link(message)}) is **DOWN**${why ? ` (${why})` : ''}.`,
    '',
    ...details(message, (tags) => tags.map((tag) => `\`${tag}\``).join(' ')).map(({ label, value }) => {
      const text = label === 'Tags' ? value : escapeHtml(value);
      return `**${label}:** ${label === 'Schedule' ? `\`${value}\`` : text}  `;
    }),
    ...(body && !body.includes('```') ? ['**Last Ping Body:**', `<pre>${escapeHtml(body)}</pre>`] : []),
  ];
  return tidy(lines.join('\n'));
}

/** The app's own credentials for ten minutes: a JWT, RS256. */
function appToken(app: { readonly clientId: string; readonly privateKey: string }, now: number): string {
  const seconds = Math.floor(now / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds, exp: seconds + 600, iss: app.clientId })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(app.privateKey, 'base64url')}`;
}
