import type { PingKind } from '@overdue/checks';
import type { PingAction } from './path.ts';

/** The settings of a check that decide what a ping means (ping-api.md section 6). */
export interface CheckRules {
  readonly methods: string;
  readonly filter_subject: boolean;
  readonly filter_body: boolean;
  readonly filter_http_body: boolean;
  readonly filter_default_fail: boolean;
  /** Split and trimmed (P-26). */
  readonly start_kw: readonly string[];
  readonly success_kw: readonly string[];
  readonly failure_kw: readonly string[];
}

/** Of a check that filters nothing: almost every check. They all share this one object. */
export const NO_RULES: CheckRules = {
  methods: '',
  filter_subject: false,
  filter_body: false,
  filter_http_body: false,
  filter_default_fail: false,
  start_kw: [],
  success_kw: [],
  failure_kw: [],
};

/** The columns of a check as stored: keywords separated by commas. */
export type RuleColumns = Omit<CheckRules, 'start_kw' | 'success_kw' | 'failure_kw'> & {
  readonly start_kw: string;
  readonly success_kw: string;
  readonly failure_kw: string;
};

/** A check's rules from its row. */
export function rulesOf(columns: RuleColumns): CheckRules {
  const { methods, filter_subject, filter_body, filter_http_body, filter_default_fail } = columns;
  if (methods === '' && !filter_subject && !filter_body && !filter_http_body) return NO_RULES;
  return {
    methods,
    filter_subject,
    filter_body,
    filter_http_body,
    filter_default_fail,
    start_kw: keywords(columns.start_kw),
    success_kw: keywords(columns.success_kw),
    failure_kw: keywords(columns.failure_kw),
  };
}

/** P-26: split on commas, trimmed, empty ones skipped. */
export function keywords(text: string): string[] {
  return text
    .split(',')
    .map((k) => k.trim())
    .filter((k) => k !== '');
}

/**
 * What an HTTP ping means (P-23, P-24). Sticky pause (P-25) is judged later, on the locked row.
 * @param body as kept, already cut; decoded as UTF-8 with replacement (P-29)
 */
export function classifyHttp(rules: CheckRules, action: PingAction, method: string, body: Buffer | null): PingKind {
  if (rules === NO_RULES) return action;
  if (rules.methods === 'POST' && method !== 'POST') return 'ign';
  if (rules.filter_http_body) return classifyText(rules, body === null ? '' : body.toString('utf8'));
  return action;
}

/** Keywords decide, whatever the URL said: failure, success, start, then the default (P-24, P-64). */
export function classifyText(rules: CheckRules, text: string): PingKind {
  const has = (words: readonly string[]) => words.some((word) => text.includes(word));
  if (has(rules.failure_kw)) return 'fail';
  if (has(rules.success_kw)) return 'success';
  if (has(rules.start_kw)) return 'start';
  return rules.filter_default_fail ? 'fail' : 'ign';
}
