import { plural } from '@overdue/checks';
import type { AlertView } from './alert-view.ts';

/** The alert as plain text. */
export function alertText(view: AlertView): string {
  const lines: string[] = [`"${view.name}" has gone ${view.down ? 'DOWN' : 'UP'}.`];
  if (view.reason) lines.push(`Reason: ${view.reason}.`);
  if (view.downtime) lines.push(`Total downtime: ${view.downtime}.`);
  lines.push('', 'View details:', view.link, '');
  if (view.desc) lines.push('Description', '-----------', view.desc, '');
  if (view.project) lines.push(`Project: ${view.project}`);
  if (view.rawTags) lines.push(`Tags: ${view.rawTags}`);
  lines.push(`${view.schedule.label}: ${view.schedule.value}`);
  if (view.schedule.tz) lines.push(`Time Zone: ${view.schedule.tz}`);
  lines.push(`Total Pings: ${view.totalPings} (since ${view.since})`);
  if (view.lastPing) {
    lines.push(`Last Ping: ${view.lastPing.ago}${view.lastPing.from ? `, from ${view.lastPing.from}` : ''}`);
    lines.push(`Last Ping Type: ${view.lastPing.type}`);
    if (view.lastPing.subject !== null) lines.push(`Last Ping Subject: ${view.lastPing.subject}`);
  }
  lines.push(`Status Change: ${view.changedAt}`, '');
  if (view.body?.kind === 'attached') {
    lines.push('Last Ping Body', '--------------', 'See the attached last-ping.eml.', '');
  } else if (view.body) {
    lines.push('Last Ping Body', '--------------');
    if (view.body.notice) lines.push(view.body.notice);
    lines.push(wrap(view.body.text, 80), '');
  }
  if (view.overview && view.overview.length > 0) {
    lines.push('Projects Overview', '-----------------');
    for (const project of view.overview) {
      lines.push(`${project.name}: ${project.down === 0 ? 'all checks up' : `${plural(project.down, 'check')} down`}`);
      lines.push(`  ${view.siteRoot}/projects/${project.code}/checks/`);
    }
    lines.push('');
  }
  lines.push('--', view.siteName, `Unsubscribe: ${view.unsubscribe}`, '');
  return lines.join('\n').replace(/\u00a0/g, ' ');
}

/** Breaks lines longer than `width` at spaces; a longer word, such as an address, stays whole. */
function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      const out: string[] = [];
      let rest = line;
      while (rest.length > width) {
        const before = rest.lastIndexOf(' ', width);
        const space = before > 0 ? before : rest.indexOf(' ', width);
        if (space === -1) break;
        out.push(rest.slice(0, space));
        rest = rest.slice(space + 1);
      }
      return [...out, rest].join('\n');
    })
    .join('\n');
}
