import {
  type CheckWithChannels,
  checkRequestSchema,
  deleteCheck,
  pauseCheck,
  resumeCheck,
  updateCheckByRequest,
  upsertCheck,
} from '@overdue/operations';
import { z } from 'zod';
import { AsciiText } from '../http/ascii-text.ts';
import { RESPONSES, refused } from '../http/common.ts';
import type { Endpoint, KeyedCall, KeyedOperation } from '../http/endpoint.ts';
import { printedJson, type Reply } from '../http/reply.ts';
import { checkDocumentSchema, checkPrinter, type DocumentOptions } from './document.ts';
import { findCheck, ofCheck } from './find.ts';
import { listChecks } from './list.ts';
import { readCheckRequest } from './request.ts';

const checkAnswer = { description: 'The check.', schema: checkDocumentSchema };
const ofOneCheck = { 403: RESPONSES.otherProject, 404: RESPONSES.noCheck };

export function documentOptions(call: KeyedCall): DocumentOptions {
  return { config: call.deps.config, version: call.version, readOnly: call.readOnly, now: call.deps.clock.now() };
}

function document(call: KeyedCall, check: CheckWithChannels, status = 200): Reply {
  return printedJson(checkPrinter(documentOptions(call))(check), status);
}

const list: KeyedOperation = {
  id: 'listChecks',
  summary: 'List the checks of the project',
  key: 'ro',
  query: [
    { name: 'tag', description: 'Only checks with this tag; repeated: with all of them.', schema: z.string() },
    { name: 'slug', description: 'Only checks with this slug.', schema: z.string() },
  ],
  responses: {
    200: {
      description: 'The checks, oldest first.',
      schema: z.strictObject({ checks: z.array(checkDocumentSchema) }),
    },
  },
  async handle(call) {
    const filter = { tags: call.query.getAll('tag'), slug: call.query.getAll('slug').at(-1) ?? '' };
    const print = checkPrinter(documentOptions(call));
    const text = new AsciiText();
    let separator = '{"checks": [';
    await listChecks(call.deps.database, call.project.id, filter, (check) => {
      text.add(separator + print(check));
      separator = ', ';
    });
    text.add(separator === ', ' ? ']}' : '{"checks": []}');
    return printedJson(text.chunks());
  },
};

const create: KeyedOperation = {
  id: 'createCheck',
  summary: 'Create a check, or update the one found by `unique`',
  key: 'rw',
  bodySchema: checkRequestSchema,
  responses: {
    200: { ...checkAnswer, description: 'An existing check was found by `unique` and updated.' },
    201: { ...checkAnswer, description: 'The check that was made.' },
    400: RESPONSES.badRequest,
    403: { description: 'The account has as many checks as it may have.' },
  },
  async handle(call) {
    const read = readCheckRequest(call.body);
    if ('refusal' in read) return read.refusal;
    const outcome = await upsertCheck(call.deps.database, call.deps.clock, {
      projectId: call.project.id,
      request: read.request,
      slugFromName: call.version < 3,
    });
    if (!outcome.ok) return refused(outcome);
    return document(call, outcome.value.check, outcome.value.created ? 201 : 200);
  },
};

const get: KeyedOperation = {
  id: 'getCheck',
  summary: 'Get a check',
  key: 'ro',
  responses: { 200: checkAnswer, ...ofOneCheck },
  async handle(call) {
    const found = await findCheck(call);
    return 'refusal' in found ? found.refusal : document(call, found.check);
  },
};

const update: KeyedOperation = {
  id: 'updateCheck',
  summary: 'Update a check',
  description: 'Fields that are absent stay as they are.',
  key: 'rw',
  bodySchema: checkRequestSchema,
  responses: { 200: checkAnswer, 400: RESPONSES.badRequest, ...ofOneCheck },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const read = readCheckRequest(call.body);
    if ('refusal' in read) return read.refusal;
    const outcome = await updateCheckByRequest(call.deps.database, {
      code: found.check.code,
      projectId: call.project.id,
      request: read.request,
      slugFromName: call.version < 3,
    });
    return outcome.ok ? document(call, outcome.value) : refused(outcome);
  },
};

const remove: KeyedOperation = {
  id: 'deleteCheck',
  summary: 'Delete a check',
  key: 'rw',
  responses: { 200: { ...checkAnswer, description: 'The check as it was, without integrations.' }, ...ofOneCheck },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const outcome = await deleteCheck(call.deps.database, { code: found.check.code, projectId: call.project.id });
    return outcome.ok ? document(call, { ...outcome.value, channels: '' }) : refused(outcome);
  },
};

/** An operation of one check that takes nothing but the check. */
function action(
  description: Pick<KeyedOperation, 'id' | 'summary' | 'responses'>,
  act: typeof pauseCheck | typeof resumeCheck,
): KeyedOperation {
  return {
    ...description,
    key: 'rw',
    async handle(call) {
      const found = await findCheck(call);
      if ('refusal' in found) return found.refusal;
      const { database, clock } = call.deps;
      const outcome = await act(database, clock, { code: found.check.code, projectId: call.project.id });
      return outcome.ok ? document(call, outcome.value) : refused(outcome);
    },
  };
}

export const checkEndpoints: readonly Endpoint[] = [
  { path: '/api/v{version}/checks/', tag: 'Checks', cors: true, operations: { GET: list, POST: create } },
  ofCheck({
    path: '/api/v{version}/checks/{uuid}',
    tag: 'Checks',
    operations: { GET: get, POST: update, DELETE: remove },
  }),
  {
    path: '/api/v{version}/checks/{unique_key}',
    tag: 'Checks',
    cors: true,
    operations: {
      GET: {
        ...get,
        id: 'getCheckByUniqueKey',
        summary: 'Get a check by its unique key',
        responses: { 200: checkAnswer, 404: RESPONSES.noCheck },
      },
    },
  },
  ofCheck({
    path: '/api/v{version}/checks/{uuid}/pause',
    tag: 'Checks',
    operations: {
      POST: action(
        { id: 'pauseCheck', summary: 'Pause a check', responses: { 200: checkAnswer, ...ofOneCheck } },
        pauseCheck,
      ),
    },
  }),
  ofCheck({
    path: '/api/v{version}/checks/{uuid}/resume',
    tag: 'Checks',
    operations: {
      POST: action(
        {
          id: 'resumeCheck',
          summary: 'Resume a paused check',
          responses: {
            200: checkAnswer,
            ...ofOneCheck,
            409: { description: 'The check is not paused.', contentType: 'text/html' },
          },
        },
        resumeCheck,
      ),
    },
  }),
];
