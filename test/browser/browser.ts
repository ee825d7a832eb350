/** Headless Chromium for the tests of the pages. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const CHROMIUM = PLACES.find((path): path is string => path !== undefined && path !== '' && existsSync(path));

/** Where there is no browser these tests are left out, with a line that says so; in CI that is a failure. */
export function browserMissing(): boolean {
  if (CHROMIUM) return false;
  if (process.env.CI === 'true')
    throw new Error('The browser tests need Chromium: install it, or set CHROMIUM to its path.');
  process.stderr.write('Browser tests left out: no Chromium found (set CHROMIUM to its path).\n');
  return true;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
