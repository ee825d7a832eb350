import type { Visit } from '../http/visit.ts';

/** GET /contact.vcf: who alerts come from, for address books that let known senders through (web-ui.md OT-2). */
export function showContact(visit: Visit): void {
  const { config } = visit.deps;
  // "Name" <address>, or the address alone.
  const address = /<([^>]+)>\s*$/.exec(config.DEFAULT_FROM_EMAIL)?.[1] ?? config.DEFAULT_FROM_EMAIL;
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `FN:${escaped(visit.site.name)}`,
    `N:;${escaped(visit.site.name)};;;`,
    `EMAIL:${escaped(address)}`,
    ...(config.TWILIO_FROM ? [`TEL:${escaped(config.TWILIO_FROM)}`] : []),
    'END:VCARD',
  ];
  visit.res.type('text/vcard; charset=utf-8').send(`${lines.join('\r\n')}\r\n`);
}

/** RFC 2426 section 4. */
function escaped(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n');
}
