import { openSigned, signValue } from '@overdue/accounts';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { WebDeps } from '../deps.ts';
import type { Site } from '../site.ts';
import { readCookie, writeCookie } from './cookies.ts';

/** A sentence for the next page: what the last action did. Travels in a signed cookie, so it costs no storage. */
export interface Flash {
  readonly kind: 'success' | 'info' | 'warning' | 'error';
  readonly text: string;
}

const COOKIE = 'overdue_flash';
const LIFETIME_MS = 60_000;
const MAX_TEXT = 700;

const flashSchema = z.object({ kind: z.enum(['success', 'info', 'warning', 'error']), text: z.string() });

/** Cut to what a cookie holds; forgotten after a minute. */
export function leaveFlash(deps: WebDeps, site: Site, res: Response, flash: Flash): void {
  const text = flash.text.length > MAX_TEXT ? `${flash.text.slice(0, MAX_TEXT)}…` : flash.text;
  const value = signValue(deps.secretKey, 'flash', JSON.stringify({ kind: flash.kind, text }), deps.clock.now());
  writeCookie(site, res, COOKIE, value, LIFETIME_MS / 1000);
}

/** Reads and removes it. */
export function takeFlash(deps: WebDeps, site: Site, req: Request, res: Response): Flash | null {
  const cookie = readCookie(req, COOKIE);
  if (!cookie) return null;
  writeCookie(site, res, COOKIE, '', 0);
  const opened = openSigned(deps.secretKey, 'flash', cookie, { now: deps.clock.now(), maxAgeMs: LIFETIME_MS });
  return opened ? flashSchema.parse(JSON.parse(opened.value)) : null;
}
