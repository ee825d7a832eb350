import { findKind, type NotificationOptions } from '@overdue/notifications';
import { type ChannelChange, type ChannelRow, done, type Outcome, readSettings, refuse } from '@overdue/operations';
import { type ChannelUpdate, formKind } from './request.ts';

export interface DecidedChange {
  readonly change: ChannelChange;
  /** The address to which a link is to be mailed that confirms it. */
  readonly confirm: string | null;
}

/** An e-mail channel's address, from a valid value; null for other kinds. */
export function addressOf(kind: string, value: unknown): string | null {
  return kind === 'email' ? (value as { value: string }).value : null;
}

/**
 * What a request changes in an integration. Settings that are absent stay as they are in `row`, so it has to be locked.
 *
 * An e-mail address has to be confirmed when it is new, and also when it is switched on again: its owner may have
 * unsubscribed. Otherwise its confirmation is not touched.
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
  if (settings !== undefined) {
    const kind = formKind(row.kind, options);
    if ('problem' in kind) return invalid(kind.problem);
    const { form } = kind.value;
    if (!form.editable) return invalid(`settings of kind ${row.kind} cannot be changed`);
    const parsed = readSettings(kind.value, settings, valueBefore === null ? undefined : form.fill(valueBefore));
    if (!parsed.ok) return invalid(parsed.message);
    value = parsed.value;
    const wants = kind.value.wants(value);
    written = { value, notify_down: wants.down, notify_up: wants.up };
  }
  const address = value === null ? null : addressOf(row.kind, value);
  const isNew = valueBefore === null || address !== addressOf(row.kind, valueBefore);
  const switchedOn = row.disabled && !(disabled ?? settings === undefined);
  const verified = address === null || !(isNew || switchedOn) ? undefined : isVerified(address);
  return done({
    change: {
      ...written,
      ...(verified === undefined ? {} : { email_verified: verified }),
      ...(name === undefined ? {} : { name }),
      ...(disabled === undefined ? {} : { disabled }),
      ...(checks === undefined ? {} : { checks: checks === '*' ? 'all' : checks }),
    },
    confirm: verified === false ? address : null,
  });
}

function invalid(message: string): Outcome<never> {
  return refuse({ refused: 'invalid', field: 'settings', message });
}
