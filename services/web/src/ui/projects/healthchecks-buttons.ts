import type { Values } from '../../http/forms.ts';

/** What a button of Healthchecks' settings page is called, and the action that it asks for. */
const ACTIONS: Readonly<Record<string, string>> = {
  set_project_name: 'rename',
  create_key: 'create_key',
  revoke_key: 'revoke_key',
  invite_team_member: 'invite',
  remove_team_member: 'remove_member',
  transfer_project: 'transfer',
  cancel_transfer: 'cancel_transfer',
  accept_transfer: 'accept_transfer',
  reject_transfer: 'reject_transfer',
};

/**
 * The posted fields under our names. Scripts written for Healthchecks say what to do by the name of a button, and which
 * key by its value; they count where our own `action` is missing.
 */
export function withOwnNames(values: Values): Values {
  if (values.action !== undefined) return values;
  const button = Object.keys(ACTIONS).find((name) => values[name] !== undefined);
  if (button === undefined) return values;
  return { key: values[button] ?? '', ...values, action: ACTIONS[button]! };
}
