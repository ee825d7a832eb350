import { tagList } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import { z } from 'zod';
import { byCodePoint } from '../../by-code-point.ts';
import type { WebDeps } from '../../deps.ts';
import { RESPONSES } from '../http/common.ts';
import type { Call, Endpoint, KeyedOperation, OpenOperation, ResponseDescription } from '../http/endpoint.ts';
import { empty, json, NOT_FOUND, type Reply, text } from '../http/reply.ts';
import { ALL, badgeUrl, type States, signatureCheck } from './signature.ts';
import type { BadgeStore } from './store.ts';
import { badgeStatus, NO_CHECKS, type Summary } from './summary.ts';
import { type BadgeStatus, badgeSvg } from './svg.ts';

/** Of an unnamed check. The original shows its UUID, which is its ping URL (M-83). */
const UNNAMED = 'unnamed';

const SHIELDS_COLORS: Readonly<Record<BadgeStatus, string>> = { up: 'success', late: 'important', down: 'critical' };

const FORMATS = ['svg', 'json', 'shields'];

const status = z.enum(['up', 'late', 'down']);

const badgeResponses: Record<number, ResponseDescription> = {
  200: {
    description: 'The badge: an SVG image; for the other formats a JSON document.',
    schema: z.union([
      z.strictObject({ status, total: z.int(), grace: z.int(), down: z.int() }),
      z.strictObject({
        schemaVersion: z.literal(1),
        label: z.string(),
        message: status,
        color: z.enum(['success', 'important', 'critical']),
      }),
    ]),
    contentType: 'image/svg+xml',
  },
  404: { description: 'There is no such badge, or the signature is wrong.', contentType: 'text/html' },
  503: RESPONSES.away,
};

function badge(format: string, label: string, summary: Summary, states: States): Reply {
  const status = badgeStatus(summary, states);
  switch (format) {
    case 'svg':
      return text(badgeSvg(label, status), 'image/svg+xml');
    case 'json':
      return json({ status, total: summary.total, grace: summary.grace, down: summary.down });
    default:
      return json({ schemaVersion: 1, label, message: status, color: SHIELDS_COLORS[status] });
  }
}

/** M-74. The headers of a second are made once. */
function notCached(clock: Clock): () => Readonly<Record<string, string>> {
  let second = Number.NaN;
  let headers: Readonly<Record<string, string>> = {};
  return () => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      headers = {
        'Cache-Control': 'max-age=0, no-cache, no-store, must-revalidate, private',
        Expires: new Date(now * 1000).toUTCString(),
      };
    }
    return headers;
  };
}

type BadgeDeps = Pick<WebDeps, 'clock' | 'secretKey'>;

/** The tag as it was before it was encoded the second time; null: that is no encoding. */
function decodedTag(tag: string): string | null {
  try {
    return decodeURIComponent(tag);
  } catch {
    return null;
  }
}

export function badgeEndpoints({ clock, secretKey }: BadgeDeps, store: BadgeStore): readonly Endpoint[] {
  const statesOf = signatureCheck(secretKey);

  async function ofProject(call: Call, tag: string): Promise<Reply> {
    const { badge_key, signature, format } = call.params as Record<string, string>;
    const states = statesOf(badge_key!, tag, signature!);
    if (!FORMATS.includes(format!) || states === null) return empty(404);
    const summaries = await store.project(badge_key!);
    if (!summaries) return empty(404);
    const label = tag === ALL ? call.deps.config.MASTER_BADGE_LABEL : tag;
    return badge(format!, label, summaries.get(tag) ?? NO_CHECKS, states);
  }

  const all: OpenOperation = {
    id: 'getProjectBadge',
    summary: 'Badge for all checks of a project',
    key: 'none',
    responses: badgeResponses,
    handle: (call) => ofProject(call, ALL),
  };
  const byTag: OpenOperation = {
    id: 'getTagBadge',
    summary: 'Badge for the checks with a tag',
    key: 'none',
    responses: badgeResponses,
    handle(call) {
      const tag = decodedTag(call.params.tag!);
      return tag === null || tag.includes('\0') ? empty(404) : ofProject(call, tag);
    },
  };
  const ofCheck: OpenOperation = {
    id: 'getCheckBadge',
    summary: 'Badge for one check',
    key: 'none',
    responses: badgeResponses,
    async handle({ params }) {
      if (!FORMATS.includes(params.format!)) return empty(404);
      const check = await store.check(params.uuid!);
      if (!check) return NOT_FOUND;
      return badge(params.format!, check.name || UNNAMED, check.summary, Number(params.states) === 3 ? 3 : 2);
    },
  };
  const common = { tag: 'Badges', cors: true, headers: notCached(clock) } as const;
  return [
    { ...common, path: '/b/{states}/{uuid}.{format}', operations: { GET: ofCheck } },
    { ...common, path: '/badge/{badge_key}/{signature}/{tag}.{format}', operations: { GET: byTag } },
    { ...common, path: '/badge/{badge_key}/{signature}.{format}', operations: { GET: all } },
    { path: '/api/v{version}/badges/', tag: 'Badges', cors: true, operations: { GET: listBadges } },
  ];
}

const badgeUrlsSchema = z
  .strictObject({
    svg: z.string(),
    svg3: z.string(),
    json: z.string(),
    json3: z.string(),
    shields: z.string(),
    shields3: z.string(),
  })
  .meta({ id: 'BadgeUrls' });

/** M-66. */
const listBadges: KeyedOperation = {
  id: 'listBadges',
  summary: 'List the badges of the project',
  key: 'ro',
  responses: {
    200: {
      description: 'Addresses by tag; `*` is for all checks. Those that end in 3 show late.',
      schema: z.strictObject({ badges: z.record(z.string(), badgeUrlsSchema) }),
    },
  },
  async handle({ deps, project }) {
    const rows = await deps.database.sql<{ tags: string }[]>`
      select distinct tags from checks where project_id = ${project.id} and tags <> ''`;
    const tags = new Set([...rows.flatMap((row) => tagList(row.tags)).sort(byCodePoint), ALL]);
    const badges = Object.create(null) as Record<string, Record<string, string>>;
    for (const tag of tags) {
      const url = (states: States) => badgeUrl(deps.config.SITE_ROOT, deps.secretKey, project.badge_key, tag, states);
      const [two, three] = [url(2), url(3)];
      badges[tag] = {
        svg: `${two}.svg`,
        svg3: `${three}.svg`,
        json: `${two}.json`,
        json3: `${three}.json`,
        shields: `${two}.shields`,
        shields3: `${three}.shields`,
      };
    }
    return json({ badges });
  },
};
