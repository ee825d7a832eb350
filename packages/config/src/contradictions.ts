/** Variables that are each well-formed but cannot hold together. */
import type { Problem } from './problems.ts';
import type { Config, Name } from './table.ts';
import { pairHostsAndPorts } from './values/database-url.ts';
import { Malformed } from './values/value-type.ts';

/** What could be parsed; a variable with a problem of its own is missing. */
interface Values {
  get<N extends Name>(name: N): Config[N] | undefined;
}

/**
 * Problems between variables. `explicit` are those that the environment sets.
 */
export function contradictions(values: Values, explicit: ReadonlySet<Name>): Problem[] {
  const problems: Problem[] = [];

  if (values.get('EMAIL_USE_SSL') && values.get('EMAIL_USE_TLS')) {
    problems.push({
      name: 'EMAIL_USE_TLS',
      held: '"True" together with EMAIL_USE_SSL "True"',
      allowed: 'one of the two: EMAIL_USE_SSL for TLS from the first byte (port 465), EMAIL_USE_TLS for STARTTLS',
    });
  }

  for (const [name, other] of [
    ['SMTPD_TLS_CERT', 'SMTPD_TLS_KEY'],
    ['SMTPD_TLS_KEY', 'SMTPD_TLS_CERT'],
  ] as const) {
    if (values.get(name) === null && values.get(other)) {
      problems.push({ name, held: `nothing, while ${other} is set`, allowed: 'both or neither' });
    }
  }

  const hosts = values.get('DB_HOST');
  const ports = values.get('DB_PORT');
  if (hosts && ports && explicit.has('DB_PORT')) {
    try {
      pairHostsAndPorts(hosts, ports);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      problems.push({ name: 'DB_PORT', held: JSON.stringify(ports), allowed: error.message });
    }
  }

  return problems;
}
