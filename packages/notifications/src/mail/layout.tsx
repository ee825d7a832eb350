import type { ComponentChildren } from 'preact';
import { renderToStaticMarkup } from 'preact-render-to-string';

/** The page that every HTML mail is: one column that reads well with and without its styles. */
export function mailDocument(page: {
  title: string;
  siteName: string;
  siteRoot: string;
  /** Colour of the line on top. */
  stripe?: string;
  footer: ComponentChildren;
  children: ComponentChildren;
}): string {
  const html = renderToStaticMarkup(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light" />
        <title>{page.title}</title>
      </head>
      <body style="margin:0;padding:0;background:#f0f2f5;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:22px;color:#1b2430">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f0f2f5">
          <tr>
            <td align="center" style="padding:24px 12px">
              <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:620px">
                <tr>
                  <td style="padding:0 4px 12px;font-weight:700">
                    <a href={page.siteRoot} style="color:#1b2430;text-decoration:none">
                      {page.siteName}
                    </a>
                  </td>
                </tr>
                <tr>
                  <td
                    style={`background:#ffffff;border-radius:8px;border-top:4px solid ${page.stripe ?? '#2f6feb'};padding:24px`}
                  >
                    {page.children}
                  </td>
                </tr>
                <tr>
                  <td style="padding:16px 4px;font-size:13px;line-height:19px;color:#5b6472">{page.footer}</td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

/** A green button. */
export function Button({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <p style="margin:20px 0">
      <a
        href={href}
        style="display:inline-block;background:#1a7f4b;color:#ffffff;text-decoration:none;font-weight:600;padding:10px 18px;border-radius:6px"
      >
        {children}
      </a>
    </p>
  );
}
