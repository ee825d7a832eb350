import { readdirSync, readFileSync } from 'node:fs';
import { Marked } from 'marked';

/** The user documentation: docs/*.md of the repository, rendered once. Our own files, so their HTML is trusted. */
const FOLDER = new URL('../../../../../docs/', import.meta.url);

export interface Doc {
  readonly slug: string;
  readonly title: string;
  readonly html: string;
}

let docs: ReadonlyMap<string, Doc> | undefined;

/** Every page by its slug; read and rendered when first asked for. */
export function allDocs(): ReadonlyMap<string, Doc> {
  docs ??= new Map(
    listFiles().map((file) => {
      const text = readFileSync(new URL(file, FOLDER), 'utf8');
      const slug = file.slice(0, -'.md'.length);
      const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? slug;
      return [slug, { slug, title: title.replaceAll('`', ''), html: render(text) }];
    }),
  );
  return docs;
}

function listFiles(): string[] {
  try {
    return readdirSync(FOLDER).filter((file) => file.endsWith('.md'));
  } catch {
    return []; // An image without the docs folder.
  }
}

function render(text: string): string {
  const slugger = new Map<string, number>();
  let tables = 0;
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const base = html
          .replace(/<[^>]*>/g, '')
          .toLowerCase()
          .replace(/[^a-z0-9]+/g, '-')
          .replace(/^-|-$/g, '');
        const count = slugger.get(base) ?? 0;
        slugger.set(base, count + 1);
        return `<h${depth} id="${base}${count === 0 ? '' : `-${count}`}">${html}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        // docs/x.md links to docs/y.md; the page of y is beside that of x.
        const page = /^(?:\.\/)?([a-z0-9_-]+)\.md(#.*)?$/.exec(href);
        const target = page ? `../${page[1]}/${page[2] ?? ''}` : href;
        return `<a href="${target.replaceAll('"', '&quot;')}">${this.parser.parseInline(tokens)}</a>`;
      },
      table(token) {
        const cell = (tokens: Parameters<typeof this.parser.parseInline>[0], tag: string) =>
          `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`;
        const head = token.header.map((c) => cell(c.tokens, c.text === '' ? 'td' : 'th')).join('');
        const rows = token.rows.map((row) => `<tr>${row.map((c) => cell(c.tokens, 'td')).join('')}</tr>`).join('');
        return `<div class="scroll" tabindex="0" role="region" aria-label="Table ${++tables}"><table class="table"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
      },
      code({ text: code }) {
        const escaped = code.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        return `<pre tabindex="0"><code>${escaped}</code></pre>\n`;
      },
    },
  });
  return marked.parse(text, { async: false });
}
