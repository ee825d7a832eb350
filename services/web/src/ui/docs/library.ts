import { readdirSync, readFileSync } from 'node:fs';
import { Marked } from 'marked';

/**
 * The user documentation: docs/*.md and docs/compatibility/*.md of the repository, rendered once. Our own files, so their
 * HTML is trusted. docs/reference/ is for those who work on the code.
 */
const FOLDER = new URL('../../../../../docs/', import.meta.url);
const SUBFOLDERS = ['compatibility'];

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
      const slug = slugOf(file);
      const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? slug;
      return [slug, { slug, title: title.replaceAll('`', ''), html: render(text, file) }];
    }),
  );
  return docs;
}

/** Paths below the folder. */
function listFiles(): string[] {
  try {
    return ['', ...SUBFOLDERS.map((name) => `${name}/`)].flatMap((folder) =>
      readdirSync(new URL(folder, FOLDER))
        .filter((file) => file.endsWith('.md'))
        .map((file) => `${folder}${file}`),
    );
  } catch {
    return []; // An image without the docs folder.
  }
}

/** `compatibility/pings.md` is the page `compatibility-pings`. */
function slugOf(file: string): string {
  return file.slice(0, -'.md'.length).replaceAll('/', '-');
}

/** The address of a link in `file` as it is on the pages, which are all beside one another; others stay as they are. */
function hrefOf(href: string, file: string): string {
  const [, path, anchor = ''] = /^(?!\w+:|\/)([^#]+\.md)(#.*)?$/.exec(href) ?? [];
  if (path === undefined) return href;
  const { pathname } = new URL(path, new URL(file, 'file:///'));
  return `../${slugOf(pathname.slice(1))}/${anchor}`;
}

function render(text: string, file: string): string {
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
        return `<a href="${hrefOf(href, file).replaceAll('"', '&quot;')}">${this.parser.parseInline(tokens)}</a>`;
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
