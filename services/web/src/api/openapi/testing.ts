/** The API's own description of itself as what its answers are held against. */
import { expect } from 'vitest';
import { z } from 'zod';
import type { TestReply } from '../testing.ts';
import type { OpenApiDocument, OperationObject } from './document.ts';

export interface DescribedOperation {
  /** With its parameters in braces. */
  readonly path: string;
  /** In upper case. */
  readonly method: string;
  readonly operation: OperationObject;
}

/** Every operation of the document, so that none can be forgotten by a test. */
export function operationsOf(document: OpenApiDocument): DescribedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** It takes a project's API key, and not only one of the keys for metrics. */
export function needsKey(operation: OperationObject): boolean {
  return operation.security.some((scheme) => 'key' in scheme);
}

const validators = new WeakMap<object, z.ZodType>();

/** Fails unless an answer is one of those that the document allows for its status. */
export function expectDescribed(reply: TestReply, operation: OperationObject, document: OpenApiDocument): void {
  const response = operation.responses[reply.status];
  expect(response, `${operation.operationId} answers ${reply.status}: ${reply.text}`).toBeDefined();
  const type = reply.headers.get('content-type')?.split(';')[0];
  const content = response!.content ?? {};
  if (Object.keys(content).length === 0) {
    expect(reply.text).toBe('');
    return;
  }
  expect(Object.keys(content)).toContain(type);
  const schema = content[type!]!.schema;
  if (!schema) return;
  let validator = validators.get(schema);
  if (!validator) {
    const standalone = JSON.stringify({ ...schema, $defs: document.components.schemas });
    validator = z.fromJSONSchema(JSON.parse(standalone.replaceAll('#/components/schemas/', '#/$defs/')));
    validators.set(schema, validator);
  }
  expect(validator.safeParse(reply.json).error?.issues ?? []).toEqual([]);
}
