import type { Doc } from './library.ts';

/** What stands under one heading. */
interface Section {
  readonly slug: string;
  readonly anchor: string;
  readonly page: string;
  readonly heading: string;
  readonly text: string;
}

/** A piece of text; `hit`: it is what was looked for. */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

export interface SearchResult {
  /** Below /docs/, with the heading's anchor. */
  readonly path: string;
  readonly page: string;
  readonly heading: string;
  readonly snippet: readonly Piece[];
}

const MOST_RESULTS = 12;
const SNIPPET_LENGTH = 200;
/** How much more a word counts in a title and in a heading than in the text. */
const WEIGHT = { page: 8, heading: 12 };
/** More mentions in one section say nothing. */
const MOST_MENTIONS = 4;

/** The words of a query, in lower case; those of a single letter find too much. */
export function wordsOf(query: string): string[] {
  return [...new Set(query.toLowerCase().match(/[\p{L}\p{N}_/$-]{2,}/gu) ?? [])].slice(0, 8);
}

/** The pages cut at their headings. */
export function sectionsOf(docs: Iterable<Doc>): Section[] {
  return [...docs].flatMap(({ slug, title, html }) =>
    html
      .split(/(?=<h[1-3] id=")/)
      .map((part) => {
        const [, anchor = '', heading = ''] = /^<h[1-3] id="([^"]*)">(.*?)<\/h[1-3]>/s.exec(part) ?? [];
        const text = plain(part.replace(/^<h[1-3] .*?<\/h[1-3]>/s, ''));
        return { slug, anchor, page: title, heading: plain(heading) || title, text };
      })
      .filter((section) => section.text !== '' || section.anchor !== ''),
  );
}

function plain(html: string): string {
  return html
    .replace(/<\/(td|th|li|p|pre|tr)>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Sections that have every word (as the beginning of one of theirs), best first. */
export function search(sections: readonly Section[], query: string): SearchResult[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  return sections
    .map((section) => ({ section, score: score(section, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_RESULTS)
    .map(({ section }) => ({
      path: section.slug + (section.anchor ? `/#${section.anchor}` : '/'),
      page: section.page,
      heading: section.heading,
      snippet: snippet(section.text, words),
    }));
}

/** 0 when a word is missing. */
function score(section: Section, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    const of = (text: string) => Math.min(MOST_MENTIONS, [...text.matchAll(beginning([word]))].length);
    const points = of(section.text) + WEIGHT.heading * of(section.heading) + WEIGHT.page * of(section.page);
    if (points === 0) return 0;
    sum += points;
  }
  return sum;
}

/** Any of the words where a word begins. */
function beginning(words: readonly string[]): RegExp {
  const escaped = words.map((word) => word.replaceAll('$', '\\$'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})[\\p{L}\\p{N}_]*`, 'giu');
}

/** The text around the first hit, with every hit marked. */
function snippet(text: string, words: readonly string[]): Piece[] {
  const first = beginning(words).exec(text)?.index ?? 0;
  const wanted = Math.max(0, first - SNIPPET_LENGTH / 4);
  const start = wanted === 0 ? 0 : text.indexOf(' ', wanted) + 1;
  const cut = text.slice(start, start + SNIPPET_LENGTH);
  const end = start + SNIPPET_LENGTH < text.length ? cut.lastIndexOf(' ') : cut.length;
  const shown = cut.slice(0, end > 0 ? end : cut.length);
  const pieces: Piece[] = [{ text: start > 0 ? '… ' : '', hit: false }];
  let at = 0;
  for (const match of shown.matchAll(beginning(words))) {
    pieces.push({ text: shown.slice(at, match.index), hit: false }, { text: match[0], hit: true });
    at = match.index + match[0].length;
  }
  pieces.push({ text: shown.slice(at) + (start + SNIPPET_LENGTH < text.length ? ' …' : ''), hit: false });
  return pieces.filter((piece) => piece.text !== '');
}
