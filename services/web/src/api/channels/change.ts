import { isDeepStrictEqual } from 'node:util';
import { emailValue, findKind, type NotificationOptions } from '@overdue/notifications';
import { type ChannelChange, type ChannelRow, done, type Outcome, readSettings, refuse } from '@overdue/operations';
import { type ChannelUpdate, formKind } from './request.ts';

export interface DecidedChange {
  readonly change: ChannelChange;
  /** The address to which a link is to be mailed that confirms it. */
  readonly confirm: string | null;
}

/** Fields of forms that are the channel's name. */
const NAMES = ['name', 'label'];

/** An e-mail channel's address, from a valid value; null for other kinds. */
export function addressOf(kind: string, value: unknown): string | null {
  return kind === 'email' ? emailValue(value).value : null;
}

/**
 * What a request changes in an integration. Settings that are absent stay as they are in `row`, so it has to be locked.
 *
 * An e-mail address has to be confirmed when it is new, and also when it is switched on again: its owner may have
 * unsubscribed. Otherwise its confirmation is not touched.
 *
 * Without `name`, settings that hold a name set it; one that came from the settings follows them.
 */
export function decideChange(
  row: ChannelRow,
  { name, settings, checks, disabled }: ChannelUpdate,
  options: NotificationOptions,
  isVerified: (address: string) => boolean,
): Outcome<DecidedChange> {
  const stored = findKind(row.kind)?.schema.safeParse(row.value);
  const valueBefore = stored?.success ? stored.data : null;
  let value = valueBefore;
  let written: ChannelChange = {};
  let named: string | undefined;
  if (settings !== undefined) {
    const kind = formKind(row.kind, options);
    if ('problem' in kind) return invalid(kind.problem);
    const { form } = kind.value;
    const before = valueBefore === null ? undefined : form.fill(valueBefore);
    const parsed = readSettings(kind.value, settings, before);
    if (!parsed.ok) return invalid(parsed.message);
    const asBefore = before && form.parse(before);
    value = asBefore?.ok ? changed(row.value, asBefore.value, parsed.value) : parsed.value;
    const wants = kind.value.wants(parsed.value);
    written = { value, notify_down: wants.down, notify_up: wants.up };
    const wasNamedByThem = asBefore?.ok === true && asBefore.name !== undefined && asBefore.name === row.name;
    if (wasNamedByThem) named = parsed.name ?? '';
    else if (NAMES.some((field) => settings[field] !== undefined)) named = parsed.name;
  }
  const newName = name ?? named;
  const address = value === null ? null : addressOf(row.kind, value);
  const isNew = valueBefore === null || address !== addressOf(row.kind, valueBefore);
  const switchedOn = row.disabled && !(disabled ?? settings === undefined);
  const verified = address === null || !(isNew || switchedOn) ? undefined : isVerified(address);
  return done({
    change: {
      ...written,
      ...(verified === undefined ? {} : { email_verified: verified }),
      ...(newName === undefined ? {} : { name: newName }),
      ...(disabled === undefined ? {} : { disabled }),
      ...(checks === undefined ? {} : { checks: checks === '*' ? 'all' : checks }),
    },
    confirm: verified === false ? address : null,
  });
}

function invalid(message: string): Outcome<never> {
  return refuse({ refused: 'invalid', field: 'settings', message });
}

/**
 * A stored value with what is entered otherwise than it was: what the form does not ask for stays, such as the answer of
 * the receiver's consent page that an address came in.
 */
function changed(stored: unknown, before: unknown, entered: unknown): unknown {
  if (isDeepStrictEqual(before, entered)) return stored;
  if (!isObject(stored) || !isObject(before) || !isObject(entered)) return entered;
  const other = Object.entries(entered).filter(([field, value]) => !isDeepStrictEqual(before[field], value));
  return { ...stored, ...Object.fromEntries(other) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
