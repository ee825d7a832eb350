import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type RequestHandler, Router } from 'express';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly brotli: Buffer | null;
}

/**
 * The files of public/ and the style sheet, each under a name that changes with its content, so browsers keep them for
 * ever.
 */
export interface Assets {
  /** `app.css` -> `/static/app.1f2e3d4c.css` (without the site's path prefix). */
  url(name: string): string;
  readonly router: RequestHandler;
}

/** Reads the folder once; the files are few and small. What lies in its css/ is one file, `app.css`, in order of name. */
export function loadAssets(folder: URL): Assets {
  const urls = new Map<string, string>();
  const files = new Map<string, Asset>();
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const contents = names.map(({ name }) => [name, readFileSync(new URL(name, folder))] as const);
  for (const [name, body] of [...contents, ['app.css', styleSheet(new URL('css/', folder))] as const]) {
    const extension = extname(name);
    const type = TYPES[extension];
    if (!type) continue;
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
    const url = `/static/${name.slice(0, -extension.length)}.${hash}${extension}`;
    urls.set(name, url);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
    files.set(url, { type, body, brotli: extension === '.png' ? null : brotliCompressSync(body, quality) });
  }
  const router = Router({ strict: true, caseSensitive: true });
  router.get('/static/:file', (req, res, next) => {
    const asset = files.get(req.path);
    if (!asset) return next();
    const compressed = asset.brotli && /\bbr\b/.test(req.headers['accept-encoding'] ?? '') ? asset.brotli : null;
    res.set({
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      Vary: 'Accept-Encoding',
      ...(compressed ? { 'Content-Encoding': 'br' } : {}),
    });
    res.end(compressed ?? asset.body);
  });
  return {
    url(name) {
      const url = urls.get(name);
      if (!url) throw new Error(`There is no ${name} in services/web/public.`);
      return url;
    },
    router,
  };
}

function styleSheet(folder: URL): Buffer {
  const parts = readdirSync(folder).sort();
  return Buffer.from(parts.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n'));
}
