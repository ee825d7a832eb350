import type { Kind } from './kind.ts';
import { email } from './kinds/email/email.ts';
import { webhook } from './kinds/webhook/webhook.ts';

/** Every integration, in the order in which they are offered. */
export const KINDS: readonly Kind[] = [email, webhook] as unknown as readonly Kind[];

const BY_NAME = new Map(KINDS.map((kind) => [kind.kind, kind]));

/** The integration stored as `kind`; undefined: there is none of that name (any more). */
export function findKind(kind: string): Kind | undefined {
  return BY_NAME.get(kind);
}
