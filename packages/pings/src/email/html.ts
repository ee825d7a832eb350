import { decodeHTML } from 'entities';

/**
 * HTML reduced to its text (P-63): tags, comments and the content of `script` and `style` dropped, entities decoded,
 * the pieces joined without a separator, every run of white space made one space. `<b>S</b>UCCESS` is `SUCCESS`.
 * One pass, whatever the input.
 */
export function htmlToText(html: string): string {
  const pieces: string[] = [];
  const text = (piece: string) => pieces.push(piece.includes('&') ? decodeHTML(piece) : piece);
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) {
      text(html.slice(at));
      break;
    }
    if (open > at) text(html.slice(at, open));
    const end = endOfMarkup(html, open);
    if (end === open) {
      // A "<" that opens nothing is text.
      pieces.push('<');
      at = open + 1;
    } else {
      at = end;
    }
  }
  return pieces.join('').replace(/\s+/g, ' ');
}

/** Where the markup that opens at `open` ends; `open` itself when there is none; the end of the text when unclosed. */
function endOfMarkup(html: string, open: number): number {
  const next = html.charAt(open + 1);
  if (html.startsWith('<!--', open)) return after(html, '-->', open + 4);
  if (next === '!' || next === '?') return after(html, '>', open + 1);
  if (next === '/') return /[A-Za-z]/.test(html.charAt(open + 2)) ? after(html, '>', open + 2) : open;
  if (!/[A-Za-z]/.test(next)) return open;
  const end = endOfTag(html, open + 1);
  // Looked at without cutting out the tag: an attribute may be as long as the message.
  const name = /^[A-Za-z]+/.exec(html.slice(open + 1, open + 8))?.[0].toLowerCase();
  if ((name === 'script' || name === 'style') && /[\s/>]/.test(html.charAt(open + 1 + name.length))) {
    return after(html, '>', endOfRawText(html, name, end));
  }
  return end;
}

/** Past the `>` of a tag; one inside a quoted attribute does not count. */
function endOfTag(html: string, from: number): number {
  let at = from;
  while (at < html.length) {
    const c = html.charAt(at);
    if (c === '>') return at + 1;
    if ((c === '"' || c === "'") && /=\s*$/.test(html.slice(Math.max(from, at - 8), at))) {
      const close = html.indexOf(c, at + 1);
      if (close < 0) return html.length;
      at = close;
    }
    at++;
  }
  return html.length;
}

/** Where `</script` or `</style` begins, in any case. */
function endOfRawText(html: string, name: string, from: number): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  }
  return html.length;
}

function after(html: string, what: string, from: number): number {
  const at = html.indexOf(what, from);
  return at < 0 ? html.length : at + what.length;
}
