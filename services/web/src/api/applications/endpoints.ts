import type { Instant } from '@overdue/clock';
import {
  ALL_CHANNELS,
  type CheckRow,
  checkFields,
  createCheck,
  deleteCheck,
  type EditableColumns,
  MAX_NAME,
  MAX_SECONDS,
  MIN_SECONDS,
  updateAndPause,
} from '@overdue/operations';
import { z } from 'zod';
import { errorSchema, RESPONSES } from '../http/common.ts';
import type { Endpoint, KeyedCall, KeyedOperation, OpenOperation } from '../http/endpoint.ts';
import { empty, json, jsonError, NO_APPLICATION, type Reply } from '../http/reply.ts';
import { preciseTimestamp } from '../http/timestamps.ts';
import { whatIsWrong } from '../service/status.ts';
import { applicationDocument, applicationSchema } from './document.ts';

/** Heartbeat Central's API over checks, so that its users' scripts go on working (docs/api.md). */

const MAX_PAGE = 1000;
const MAX_OFFSET = 999_999_999;

/** Seconds; the limits of a check's period and grace time under this API's names. */
const seconds = (field: string, description: string) =>
  z
    .int({ error: `${field} is not a number` })
    .min(MIN_SECONDS, { error: `${field} is too small` })
    .max(MAX_SECONDS, { error: `${field} is too large` })
    .describe(description);

const isBlank = (name: string) => name.trim() === '';
const NAME_EMPTY = 'name is empty';

const fields = {
  name: checkFields.name
    .refine((name) => !isBlank(name), { error: NAME_EMPTY })
    .meta({ minLength: 1, maxLength: MAX_NAME })
    .describe('Name.'),
  expected_interval: seconds('expected_interval', 'How often a heartbeat is expected, in seconds.'),
  grace_period: seconds('grace_period', 'How late it may be, in seconds.'),
  is_active: z.boolean({ error: 'is_active is not a boolean' }).describe('False: paused.'),
};
const createSchema = z
  .object(fields)
  .partial({ expected_interval: true, grace_period: true, is_active: true })
  .meta({ id: 'ApplicationCreate' });
const updateSchema = z
  .object({
    ...fields,
    // What an unnamed check shows, and one with a schedule, so that an application can be sent back as it was read.
    name: checkFields.name.meta({ maxLength: MAX_NAME }).describe('Name. Empty only when it is already.'),
    expected_interval: fields.expected_interval.nullable().describe('Null, or absent: as it is.'),
  })
  .partial()
  .meta({ id: 'ApplicationUpdate' });
type Fields = z.output<typeof updateSchema>;

const answer = { description: 'The application.', schema: applicationSchema };
const noApplication = { description: 'The project has no such application.', schema: errorSchema };

function columns({ name, expected_interval, grace_period }: Fields): Partial<EditableColumns> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(typeof expected_interval === 'number' ? { kind: 'simple', timeout: expected_interval } : {}),
    ...(grace_period === undefined ? {} : { grace: grace_period }),
  };
}

function document(call: KeyedCall, check: CheckRow, status = 200): Reply {
  return json(applicationDocument(check, call.deps.clock.now()), status);
}

/** By its number, or by its UUID. */
async function find({ deps, project, params }: KeyedCall): Promise<CheckRow | null> {
  const { sql } = deps.database;
  const id = params.id!;
  const number = Number(id);
  const isNumber = /^\d+$/.test(id);
  if (isNumber && !Number.isSafeInteger(number)) return null;
  const [check] = await sql<CheckRow[]>`
    select * from checks where project_id = ${project.id} and ${isNumber ? sql`id = ${number}` : sql`code = ${id}`}`;
  return check ?? null;
}

const list: KeyedOperation = {
  id: 'listApplications',
  summary: 'List the applications',
  key: 'rw',
  responses: { 200: { description: 'The applications, oldest first.', schema: z.array(applicationSchema) } },
  async handle({ deps, project }) {
    const checks = await deps.database.sql<CheckRow[]>`
      select * from checks where project_id = ${project.id} order by id`;
    const now = deps.clock.now();
    return json(checks.map((check) => applicationDocument(check, now)));
  },
};

const create: KeyedOperation = {
  id: 'createApplication',
  summary: 'Create an application',
  description: 'All integrations of the project are assigned to it.',
  key: 'rw',
  bodySchema: createSchema,
  responses: {
    201: answer,
    400: RESPONSES.badRequest,
    403: { description: 'The account has as many checks as it may have.', schema: errorSchema },
  },
  async handle(call) {
    const parsed = createSchema.safeParse(call.body);
    if (!parsed.success) return jsonError(400, parsed.error.issues[0]!.message);
    const { database, clock } = call.deps;
    const outcome = await createCheck(database, clock, {
      projectId: call.project.id,
      fields: columns(parsed.data),
      channels: ALL_CHANNELS,
      paused: parsed.data.is_active === false,
    });
    if (outcome.ok) return document(call, outcome.value, 201);
    return jsonError(outcome.refused === 'check-limit' ? 403 : 404, outcome.message);
  },
};

const get: KeyedOperation = {
  id: 'getApplication',
  summary: 'Get an application',
  key: 'rw',
  responses: { 200: answer, 404: noApplication },
  async handle(call) {
    const check = await find(call);
    return check ? document(call, check) : NO_APPLICATION;
  },
};

const update: KeyedOperation = {
  id: 'updateApplication',
  summary: 'Change an application',
  description: 'Fields that are absent stay as they are.',
  key: 'rw',
  bodySchema: updateSchema,
  responses: { 200: answer, 400: RESPONSES.badRequest, 404: noApplication },
  async handle(call) {
    const check = await find(call);
    if (!check) return NO_APPLICATION;
    const parsed = updateSchema.safeParse(call.body);
    if (!parsed.success) return jsonError(400, parsed.error.issues[0]!.message);
    const { name, is_active } = parsed.data;
    if (name !== undefined && isBlank(name) && name !== check.name) return jsonError(400, NAME_EMPTY);
    const outcome = await updateAndPause(call.deps.database, call.deps.clock, {
      code: check.code,
      projectId: call.project.id,
      fields: columns(parsed.data),
      ...(is_active === undefined ? {} : { paused: !is_active }),
    });
    return outcome.ok ? document(call, outcome.value) : NO_APPLICATION;
  },
};

const remove: KeyedOperation = {
  id: 'deleteApplication',
  summary: 'Delete an application',
  key: 'rw',
  responses: { 204: { description: 'It is gone, and its heartbeats with it.' }, 404: noApplication },
  async handle(call) {
    const check = await find(call);
    if (!check) return NO_APPLICATION;
    const outcome = await deleteCheck(call.deps.database, { code: check.code, projectId: call.project.id });
    return outcome.ok ? empty(204) : NO_APPLICATION;
  },
};

const heartbeats: KeyedOperation = {
  id: 'listHeartbeats',
  summary: "List an application's heartbeats",
  key: 'rw',
  query: [
    { name: 'limit', description: 'How many; default 100.', schema: z.int().min(1).max(MAX_PAGE) },
    { name: 'offset', description: 'How many of the newest to pass over.', schema: z.int().min(0).max(MAX_OFFSET) },
  ],
  responses: {
    200: {
      description: 'The heartbeats, newest first.',
      schema: z.array(
        z
          .strictObject({
            timestamp: z.string().meta({ format: 'date-time' }),
            source_ip: z.string().nullable(),
            user_agent: z.string(),
          })
          .meta({ id: 'Heartbeat' }),
      ),
    },
    400: RESPONSES.badRequest,
    404: noApplication,
  },
  async handle(call) {
    const check = await find(call);
    if (!check) return NO_APPLICATION;
    const limit = parameter(call.query, 'limit', { otherwise: 100, min: 1, max: MAX_PAGE });
    const offset = parameter(call.query, 'offset', { otherwise: 0, min: 0, max: MAX_OFFSET });
    if (typeof limit === 'string') return jsonError(400, limit);
    if (typeof offset === 'string') return jsonError(400, offset);
    const pings = await call.deps.database.sql<{ created_at: Instant; remote_addr: string | null; ua: string }[]>`
      select created_at, remote_addr, ua from pings
      where check_id = ${check.id} and n > ${check.n_pings - call.project.ping_log_limit}
      order by n desc limit ${limit} offset ${offset}`;
    return json(
      pings.map((ping) => ({
        timestamp: preciseTimestamp(ping.created_at),
        source_ip: ping.remote_addr,
        user_agent: ping.ua,
      })),
    );
  },
};

/** A whole number, or what is wrong with it. */
function parameter(
  query: URLSearchParams,
  name: string,
  { otherwise, min, max }: { readonly otherwise: number; readonly min: number; readonly max: number },
): number | string {
  const text = query.getAll(name).at(-1);
  if (text === undefined) return otherwise;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max ? value : `${name} is not a number of ${min} to ${max}`;
}

const health: OpenOperation = {
  id: 'getHealth',
  summary: 'Whether the product can do its whole job',
  key: 'none',
  head: true,
  responses: {
    200: { description: 'It can.', schema: z.strictObject({ status: z.literal('healthy') }) },
    503: {
      description: 'It cannot.',
      schema: z.strictObject({ status: z.literal('unhealthy'), problems: z.array(z.string()) }),
    },
  },
  async handle({ deps }) {
    const problems = await whatIsWrong(deps);
    return problems.length === 0 ? json({ status: 'healthy' }) : json({ status: 'unhealthy', problems }, 503);
  },
};

const common = { tag: 'Heartbeat Central', cors: true } as const;

export const applicationEndpoints: readonly Endpoint[] = [
  { ...common, path: '/api/applications', operations: { GET: list, POST: create } },
  { ...common, path: '/api/applications/{id}', operations: { GET: get, PUT: update, DELETE: remove } },
  { ...common, path: '/api/applications/{id}/heartbeats', operations: { GET: heartbeats } },
  { ...common, path: '/health', operations: { GET: health } },
];
