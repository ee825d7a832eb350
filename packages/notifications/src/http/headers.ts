/** The name under which the original calls; receivers may filter by it (notifications.md §3). */
const USER_AGENT = 'healthchecks.io';
/** Set by the client itself or meant for one connection only. */
const OWN_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|content-length|upgrade|expect|te)$/i;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The headers to send: those given, but for what no request can carry, and what the original's client adds. */
export function ownHeaders(given: Readonly<Record<string, string>>, url: URL): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    // A name that is none was stored before names were checked: an alert without it is better than none.
    if (OWN_HEADERS.test(name) || !HEADER_NAME.test(name)) continue;
    // undici writes headers as Latin-1; line breaks and control characters would end the header.
    headers[name] = value.replace(/\p{Cc}/gu, (char) => (char === '\t' || char > '\x7f' ? char : ' '));
  }
  const has = (name: string) => Object.keys(headers).some((given) => given.toLowerCase() === name);
  if (!has('user-agent')) headers['User-Agent'] = USER_AGENT;
  if (!has('accept')) headers.Accept = '*/*';
  if (url.username && !has('authorization')) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  return headers;
}

/** Without what is only for the host that it was given for. */
export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(authorization|cookie|proxy-authorization)$/i.test(name)),
  );
}
