/**
 * Puts values into a template, once: what a value contains is never replaced itself. The template is cut at each `$`
 * and the first placeholder that the piece begins with wins, in the order of `values`; so with `TAG1` before `TAG10`,
 * `$TAG10` is tag 1 and a zero, as in the original (integrations.md, webhook).
 */
export function substitute(template: string, values: readonly (readonly [name: string, value: string])[]): string {
  const [first, ...pieces] = template.split('$');
  let result = first!;
  for (const piece of pieces) {
    const hit = values.find(([name]) => piece.startsWith(name));
    result += hit ? hit[1] + piece.slice(hit[0].length) : `$${piece}`;
  }
  return result;
}

/** Percent-encoded but for `/`, letters, digits and `_ . - ~`. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%2F/g, '/')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Characters that a header cannot carry as decimal character references: `ā` becomes `&#257;`. */
export function latin1(text: string): string {
  return [...text].map((char) => (char.codePointAt(0)! > 255 ? `&#${char.codePointAt(0)};` : char)).join('');
}
