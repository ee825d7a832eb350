/** A browser without JavaScript: cookies, redirects, forms with their hidden fields. */

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

interface Form {
  readonly action: string;
  readonly method: string;
  readonly fields: Record<string, string>;
}

export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #root: string;
  page: Page = { url: '', status: 0, html: '' };

  constructor(root: string) {
    this.#root = root;
  }

  async get(path: string): Promise<Page> {
    return await this.#request('GET', new URL(path, this.#root));
  }

  /**
   * Fills in and submits the first form of the current page that has every field of `values` (or the one whose action
   * matches `action`), with the values that the page gave its other fields.
   */
  async submit(values: Record<string, string>, action?: RegExp): Promise<Page> {
    const form = forms(this.page.html).find((f) =>
      action ? action.test(f.action) : Object.keys(values).every((name) => name in f.fields),
    );
    if (!form) throw new Error(`No form with ${action ?? Object.keys(values)} on ${this.page.url}:\n${this.page.html}`);
    const body = new URLSearchParams({ ...form.fields, ...values });
    return await this.#request(form.method.toUpperCase(), new URL(form.action, this.page.url), body);
  }

  async #request(method: string, url: URL, body?: URLSearchParams): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie ? { cookie } : {}),
        origin: url.origin,
        ...(this.page.url ? { referer: this.page.url } : {}),
      },
      ...(body ? { body } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (!name) continue;
      if (value === '' || /max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value!);
    }
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location) {
      return await this.#request('GET', new URL(location, url));
    }
    this.page = { url: url.href, status: response.status, html: await response.text() };
    return this.page;
  }
}

/** Every form of a page with its fields' present values. Our own markup: attributes are quoted with ". */
function forms(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes, inside]) => ({
    action: attribute(attributes!, 'action') ?? '',
    method: attribute(attributes!, 'method') ?? 'get',
    fields: fields(inside!),
  }));
}

function fields(html: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, attributes] of html.matchAll(/<input\b([^>]*)>/g)) {
    const name = attribute(attributes!, 'name');
    const type = attribute(attributes!, 'type') ?? 'text';
    const unchecked = (type === 'checkbox' || type === 'radio') && !/\bchecked\b/.test(attributes!);
    if (name && type !== 'submit' && !unchecked)
      found[name] = attribute(attributes!, 'value') ?? (type === 'checkbox' ? 'on' : '');
  }
  for (const [, attributes, text] of html.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/g)) {
    const name = attribute(attributes!, 'name');
    if (name) found[name] = plainText(text!);
  }
  for (const [, attributes, options] of html.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
    const name = attribute(attributes!, 'name');
    const all = [...options!.matchAll(/<option\b([^>]*)>/g)].map(([, a]) => a!);
    const chosen = all.find((a) => /\bselected\b/.test(a)) ?? all[0];
    if (name && chosen) found[name] = attribute(chosen, 'value') ?? '';
  }
  return found;
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : plainText(value);
}

function plainText(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
