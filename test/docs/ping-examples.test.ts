/**
 * Runs the examples of docs/pings.md and docs/pings-by-email.md as they stand there, against a server that refuses each
 * example's first ping: what people copy must try again. Languages that are not installed are left out, except in CI.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findBinary, requireBinary } from '../support/binaries.ts';
import { ROOT } from '../support/product.ts';
import { SmtpSink } from '../support/smtp-sink.ts';

const ADDRESS = 'https://overdue.example.org/ping/2b6f0c10-7d1f-4f6b-9a3e-0123456789ab';

interface Example {
  readonly name: string;
  readonly language: string;
  readonly code: string;
  /** What the page says of it in a comment: the pings that it sends, or how else to test it. */
  readonly expected: string;
}

function examplesOf(file: string): Example[] {
  const text = readFileSync(join(ROOT, 'docs', file), 'utf8');
  const blocks = text.matchAll(/<!-- example: (.+) -->\n```([a-z]+)\n([\s\S]*?)```/g);
  return [...blocks].map(([block, expected, language, code], i) => {
    const heading = text
      .slice(0, text.indexOf(block))
      .match(/^### (.+)$/gm)
      ?.pop()
      ?.slice(4);
    return { name: `${i + 1}. ${heading ?? file}`, language: language!, code: code!, expected: expected! };
  });
}

const EXAMPLES = examplesOf('pings.md');
const inAddresses = (list: string) => list.split(', ').map((word) => (word === 'success' ? '' : `/${word}`));

/** How a language's examples are run; the program comes first. */
const COMMANDS: Record<string, { program: string; file: string; args: (file: string) => string[] }> = {
  sh: { program: 'sh', file: 'example.sh', args: (file) => [file] },
  crontab: { program: 'sh', file: 'example.sh', args: (file) => [file] },
  python: { program: 'python3', file: 'example.py', args: (file) => [file] },
  js: { program: 'node', file: 'example.mjs', args: (file) => [file] },
  go: { program: 'go', file: 'example.go', args: (file) => ['run', file] },
  ruby: { program: 'ruby', file: 'example.rb', args: (file) => [file] },
  php: { program: 'php', file: 'example.php', args: (file) => [file] },
  powershell: { program: 'pwsh', file: 'example.ps1', args: (file) => ['-NoProfile', '-File', file] },
};

/** Of shell examples, the program that they need. */
const neededBy = (code: string) => (/\bwget\b/.test(code) ? 'wget' : 'curl');

/** Why CI may lack these; their examples run where they are installed. */
const NOT_IN_CI: Record<string, string> = {
  pwsh: 'Debian has no package of it',
  go: 'its package is 100 MB, and it compiles its HTTP library first',
};

/** False, and a line that says so, when an example that needs the program is left out. @throws in CI, but for exceptions */
function installed(name: string): boolean {
  if (!(name in NOT_IN_CI)) return requireBinary(name) !== null;
  if (findBinary(name) !== null) return true;
  console.info(`${name} is not installed (${NOT_IN_CI[name]}): its example is not run.`);
  return false;
}

interface Ping {
  readonly suffix: string;
  readonly rid: string | null;
  readonly body: string;
}

let folder: string;
let server: Server;
/** By the UUID in the address. */
const pings = new Map<string, Ping[]>();
const refused = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-docs-'));
  server = createServer(async (request, response) => {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // The client went away.
    }
    const url = new URL(request.url!, 'http://x');
    const [, , code = '', ...suffix] = url.pathname.split('/');
    const fate = refused.has(code) ? 200 : 503;
    refused.add(code);
    if (fate === 200) {
      const ping = { suffix: suffix.map((part) => `/${part}`).join(''), rid: url.searchParams.get('rid'), body };
      pings.set(code, [...(pings.get(code) ?? []), ping]);
    }
    response.writeHead(fate).end(fate === 200 ? 'OK' : 'try again later');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Stand-ins for what the examples call: a job with this exit status. */
function stubs(code: string, status: number): string {
  for (const name of ['backup.sh', 'docker']) {
    const file = join(folder, `${name}-${status}`);
    writeFileSync(file, `#!/bin/sh\necho disk full\nexit ${status}\n`);
    chmodSync(file, 0o755);
  }
  const log = join(folder, 'backup.log');
  writeFileSync(log, 'a log');
  return code
    .replaceAll('/usr/local/bin/backup.sh', join(folder, `backup.sh-${status}`))
    .replace(/^docker /m, `${join(folder, `docker-${status}`)} `)
    .replaceAll('/var/log/backup.log', log);
}

async function run(program: string, args: string[], env: Record<string, string> = {}, input = ''): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, no_proxy: '*', ...env }, cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  child.stdin.on('error', () => undefined); // It ended without reading all of it.
  child.stdin.end(input);
  await once(child, 'close');
  return output;
}

function newAddress(): { code: string; address: string } {
  const code = randomUUID();
  return { code, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/${code}` };
}

describe('pings.md', () => {
  const runnable = EXAMPLES.filter(({ language }) => COMMANDS[language]);
  test('has an example for everything that is promised', () => {
    const languages = new Set(EXAMPLES.map(({ language }) => language));
    expect([...languages].sort()).toEqual(
      ['crontab', 'go', 'ini', 'js', 'php', 'powershell', 'python', 'ruby', 'sh', 'yaml'].sort(),
    );
    for (const { name, code } of EXAMPLES) expect(code, name).toMatch(/overdue\.example\.org|secrets\.PING_URL/);
  });

  describe.each(runnable)('$name', ({ language, code, expected, name }) => {
    const { program, file, args } = COMMANDS[language]!;
    const missing = [program, ...(language === 'sh' || language === 'crontab' ? [neededBy(code)] : [])].find(
      (one) => !installed(one),
    );
    // Go compiles its whole HTTP library first, which takes a minute on a small machine.
    const tooSlow = language === 'go' && !process.env.CI;
    if (tooSlow && !missing) console.info(`Run under CI=true only: ${name}.`);

    test.skipIf(missing || tooSlow)(expected, { timeout: 180_000 }, async () => {
      const suffixes = inAddresses(expected);
      const { code: check, address } = newAddress();
      const status = suffixes.includes('/3') ? 3 : 0;
      const line = language === 'crontab' ? code.replace(/^15 3 \* \* \* /, '') : code;
      const path = join(folder, `${check}-${file}`);
      writeFileSync(path, stubs(line, status).replaceAll(ADDRESS, address));
      const output = await run(program, args(path));
      const sent = pings.get(check) ?? [];
      expect(
        sent.map((ping) => ping.suffix),
        output,
      ).toEqual(suffixes);
      if (line.includes('rid=')) {
        expect(sent[0]?.rid).toMatch(/^[0-9a-f]{8}-/);
        expect(sent[1]).toMatchObject({ rid: sent[0]?.rid, body: 'disk full' });
      }
    });
  });

  test('systemd: how the service ended decides', async () => {
    const { code } = EXAMPLES.find(({ expected }) => expected === 'unit')!;
    expect(code).toContain(`Environment=PING=${ADDRESS}\n`);
    const command = /^ExecStopPost=-\/bin\/sh -c '(.+)'$/m.exec(code)?.[1];
    expect(command).toBeDefined();
    // systemd would put its own values in place of these, and of percent signs.
    expect(command).not.toMatch(/\$\{|%/);
    for (const [result, suffix] of [
      ['success', ''],
      ['exit-code', '/fail'],
      ['timeout', '/fail'],
    ] as const) {
      const { code: check, address } = newAddress();
      await run('sh', ['-c', command!], { SERVICE_RESULT: result, PING: address });
      expect(pings.get(check)?.map((ping) => ping.suffix)).toEqual([suffix]);
    }
  });

  test('GitHub Actions: every step pings, and no ping fails the workflow', () => {
    const { code } = EXAMPLES.find(({ language }) => language === 'yaml')!;
    const workflow = parse(code) as { jobs: { nightly: { steps: { run?: string; if?: string }[] } } };
    const steps = workflow.jobs.nightly.steps.filter((step) => step.run?.includes('$PING'));
    expect(steps.map((step) => [step.run, step.if])).toEqual([
      ['$PING/start || true', undefined],
      ['$PING || true', 'success()'],
      ['$PING/fail || true', 'failure() || cancelled()'],
    ]);
  });
});

test.skipIf(!installed('curl'))('pings-by-email.md: the mail to try it with', async () => {
  const [example] = examplesOf('pings-by-email.md');
  const sink = await new SmtpSink().start();
  const code = example!.code.replace('localhost:2525', `127.0.0.1:${sink.port}`);
  expect(await run('sh', ['-c', code])).toBe('');
  await sink.stop();
  expect(sink.mails).toMatchObject([
    {
      recipients: ['2b6f0c10-7d1f-4f6b-9a3e-0123456789ab@ping.example.org'],
      subject: 'backup done',
      text: expect.stringMatching(/^42 files\n+$/),
    },
  ]);
});
