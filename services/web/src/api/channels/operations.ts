import { BUCKETS, takeToken } from '@overdue/accounts';
import { sendTest } from '@overdue/notifications';
import { changeChannel, createChannel, deleteChannel, done, readSettings } from '@overdue/operations';
import { z } from 'zod';
import { errorSchema, RESPONSES, refused } from '../http/common.ts';
import type { KeyedCall, KeyedOperation } from '../http/endpoint.ts';
import { empty, json, jsonError, type Reply } from '../http/reply.ts';
import { addressOf, decideChange } from './change.ts';
import { channelDocument, channelDocumentSchema, readChannel } from './document.ts';
import { createChannelSchema, formKind, invalid, readRequest, updateChannelSchema } from './request.ts';
import { sendVerification, verifiedAtOnce } from './verification.ts';

const answer = { description: 'The integration.', schema: channelDocumentSchema };
const noChannel = { description: 'The project has no such integration.' };

async function document({ deps, project }: KeyedCall, code: string, status = 200): Promise<Reply> {
  const channel = await readChannel(deps.database, project.id, code);
  return channel ? json(channelDocument(channel), status) : empty(404);
}

export const create: KeyedOperation = {
  id: 'createChannel',
  summary: 'Add an integration',
  description:
    'Any kind that needs no consent in a browser. It is assigned to all checks unless `checks` says otherwise.',
  key: 'rw',
  bodySchema: createChannelSchema,
  responses: { 201: answer, 400: RESPONSES.badRequest },
  async handle(call) {
    const { deps, project } = call;
    const read = readRequest(createChannelSchema, call.body);
    if ('refusal' in read) return read.refusal;
    const { name, settings, checks } = read.value;
    const kind = formKind(read.value.kind, deps.delivery.options);
    if ('problem' in kind) return invalid(kind.problem);
    const parsed = readSettings(kind.value, settings);
    if (!parsed.ok) return invalid(parsed.message);
    const wants = kind.value.wants(parsed.value);
    const address = addressOf(kind.value.kind, parsed.value);
    const verified = address === null || (await verifiedAtOnce(deps, project.owner_id))(address);
    const outcome = await createChannel(deps.database, deps.clock, {
      projectId: project.id,
      kind: kind.value.kind,
      name: name ?? parsed.name ?? '',
      value: parsed.value,
      notify_down: wants.down,
      notify_up: wants.up,
      email_verified: verified && address !== null,
      checks: checks === undefined || checks === '*' ? 'all' : checks,
    });
    if (!outcome.ok) return refused(outcome);
    if (address !== null && !verified) await sendVerification(deps, outcome.value.code, address);
    return document(call, outcome.value.code, 201);
  },
};

export const get: KeyedOperation = {
  id: 'getChannel',
  summary: 'Get an integration',
  description: 'Without its settings: they are never shown.',
  key: 'rw',
  responses: { 200: answer, 404: noChannel },
  handle: (call) => document(call, call.params.uuid!),
};

export const update: KeyedOperation = {
  id: 'updateChannel',
  summary: 'Change an integration',
  description:
    'Any kind that can be added here. Fields and settings that are absent stay as they are; without `name`, a name ' +
    'among the settings is its name. New settings switch it on again. An e-mail address that is new, or that is ' +
    'switched on again, has to be confirmed like that of a new integration.',
  key: 'rw',
  bodySchema: updateChannelSchema,
  responses: { 200: answer, 400: RESPONSES.badRequest, 404: noChannel },
  async handle(call) {
    const { deps, project } = call;
    const channel = await readChannel(deps.database, project.id, call.params.uuid!);
    if (!channel) return empty(404);
    const read = readRequest(updateChannelSchema, call.body);
    if ('refusal' in read) return read.refusal;
    if (read.value.kind !== undefined && read.value.kind !== channel.kind) return invalid('kind cannot be changed');
    const isVerified = await verifiedAtOnce(deps, project.owner_id);
    let confirm: string | null = null;
    const outcome = await changeChannel(deps.database, { code: channel.code, projectId: project.id }, (row) => {
      const decided = decideChange(row, read.value, deps.delivery.options, isVerified);
      if (!decided.ok) return decided;
      confirm = decided.value.confirm;
      return done(decided.value.change);
    });
    if (!outcome.ok) return refused(outcome);
    if (confirm !== null) await sendVerification(deps, channel.code, confirm);
    return document(call, channel.code);
  },
};

export const remove: KeyedOperation = {
  id: 'deleteChannel',
  summary: 'Remove an integration',
  key: 'rw',
  responses: { 200: { ...answer, description: 'The integration as it was.' }, 404: noChannel },
  async handle({ deps, project, params }) {
    const channel = await readChannel(deps.database, project.id, params.uuid!);
    if (!channel) return empty(404);
    const outcome = await deleteChannel(deps.database, { code: channel.code, projectId: project.id });
    return outcome.ok ? json(channelDocument(channel)) : refused(outcome);
  },
};

export const test: KeyedOperation = {
  id: 'testChannel',
  summary: 'Send a test message',
  description: 'About a check called TEST. Waits for the outcome.',
  key: 'rw',
  responses: {
    200: {
      description: 'How it went; `error` is what the receiver, or the way to it, said.',
      schema: z.strictObject({ status: z.enum(['sent', 'failed']), error: z.string() }),
    },
    400: RESPONSES.badRequest,
    404: noChannel,
    429: { description: 'Too many tests.', schema: errorSchema },
  },
  async handle({ deps, project, params }) {
    const channel = await readChannel(deps.database, project.id, params.uuid!);
    if (!channel) return empty(404);
    if (!channel.notify_down && !channel.notify_up) return invalid('the integration does not want to hear of anything');
    if (!(await takeToken(deps.database, deps.clock, BUCKETS.testsByUser(project.owner_id)))) {
      return jsonError(429, 'too many tests, try again later');
    }
    const result = await sendTest(deps.delivery, channel.id);
    return json({ status: result.ok ? 'sent' : 'failed', error: result.ok ? '' : result.error });
  },
};
