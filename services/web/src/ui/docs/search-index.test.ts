import { describe, expect, it } from 'vitest';
import { search, sectionsOf, wordsOf } from './search-index.ts';

const SECTIONS = sectionsOf([
  {
    slug: 'pings',
    title: 'Pings',
    html: '<h1 id="pings">Pings</h1><p>A job pings when it ran.</p><h2 id="failures">Failures</h2><p>Add <code>/fail</code> &amp; it is down at once.</p>',
  },
  {
    slug: 'configuration',
    title: 'Configuration',
    html: '<h1 id="configuration">Configuration</h1><table><tr><td>SMTPD_PORT</td><td>port for pings by e-mail</td></tr></table>',
  },
]);

describe('search in the documentation', () => {
  it('cuts pages at their headings', () => {
    expect(SECTIONS.map((section) => [section.anchor, section.heading, section.text])).toEqual([
      ['pings', 'Pings', 'A job pings when it ran.'],
      ['failures', 'Failures', 'Add /fail & it is down at once.'],
      ['configuration', 'Configuration', 'SMTPD_PORT port for pings by e-mail'],
    ]);
  });

  it('finds sections that have every word, headings first', () => {
    expect(search(SECTIONS, 'PING').map((result) => result.path)).toEqual([
      'pings/#pings',
      'pings/#failures',
      'configuration/#configuration',
    ]);
    expect(search(SECTIONS, 'fail down').map((result) => result.path)).toEqual(['pings/#failures']);
    expect(search(SECTIONS, 'smtpd_port')).toHaveLength(1);
    expect(search(SECTIONS, 'down smtpd')).toEqual([]);
  });

  it('finds words by their beginning only, and nothing for nothing', () => {
    expect(search(SECTIONS, 'ings')).toEqual([]);
    expect(search(SECTIONS, '')).toEqual([]);
    expect(search(SECTIONS, '.* ( [')).toEqual([]);
    expect(wordsOf('a Re: $NAME, re')).toEqual(['re', '$name']);
  });

  it('marks what was found', () => {
    expect(search(SECTIONS, 'e-mail')[0]!.snippet).toEqual([
      { text: 'SMTPD_PORT port for pings by ', hit: false },
      { text: 'e-mail', hit: true },
    ]);
  });
});
