import type { PingKind } from '@overdue/checks';
import { type CheckRules, classifyText } from '../rules.ts';
import type { MessageText } from './message.ts';

/**
 * What an e-mail ping means (P-61 to P-65). Without filters a success; the method filter is not for e-mail. Sticky pause
 * (P-25) is judged later, on the locked row.
 */
export function classifyEmail(rules: CheckRules, message: MessageText): PingKind {
  if (!rules.filter_subject && !rules.filter_body) return 'success';
  const texts: string[] = [];
  if (rules.filter_subject) texts.push(message.subject());
  if (rules.filter_body) texts.push(message.plain(), message.html());
  return classifyText(rules, texts.join('\n'));
}
