import type { CheckRow } from '@overdue/operations';

/**
 * Snippets with this check's address (DE-5). Pure radio buttons and style: works without a script; the copy buttons come
 * with one.
 */
export function UsageExamples({ check, url }: { readonly check: CheckRow; readonly url: string }) {
  return (
    <details class="usage">
      <summary>Usage examples</summary>
      <div class="usage-tabs">
        {examples(check, url).map(({ id, label, code }, i) => (
          <div key={id} class="usage-tab">
            <input type="radio" name="usage" id={`u-${id}`} checked={i === 0} />
            <label for={`u-${id}`}>{label}</label>
            <div class="usage-code">
              {code.map((snippet) => (
                <pre key={snippet} data-copy={snippet}>
                  <code>{snippet}</code>
                </pre>
              ))}
            </div>
          </div>
        ))}
      </div>
    </details>
  );
}

interface Example {
  readonly id: string;
  readonly label: string;
  readonly code: readonly string[];
}

function examples(check: CheckRow, url: string): Example[] {
  const curl = `curl -fsS -m 10 --retry 5 -o /dev/null ${url}`;
  return [
    {
      id: 'crontab',
      label: 'Crontab',
      code: [`# The ping runs only when the command succeeds\n${crontabTimes(check)} /your/command.sh && ${curl}`],
    },
    {
      id: 'bash',
      label: 'Bash',
      code: [`curl -m 10 --retry 5 ${url}`, `wget ${url} -T 10 -t 5 -O /dev/null`],
    },
    {
      id: 'python',
      label: 'Python',
      code: [
        `import socket\nimport urllib.request\n\ntry:\n    urllib.request.urlopen("${url}", timeout=10)\nexcept socket.error as e:\n    print("Ping failed: %s" % e)`,
      ],
    },
    {
      id: 'node',
      label: 'Node.js',
      code: [`await fetch("${url}", { signal: AbortSignal.timeout(10_000) });`],
    },
    {
      id: 'go',
      label: 'Go',
      code: [
        `client := &http.Client{Timeout: 10 * time.Second}\n_, err := client.Head("${url}")\nif err != nil {\n    fmt.Printf("%s", err)\n}`,
      ],
    },
    { id: 'ruby', label: 'Ruby', code: [`require 'net/http'\nrequire 'uri'\nNet::HTTP.get(URI.parse('${url}'))`] },
    { id: 'php', label: 'PHP', code: [`file_get_contents('${url}');`] },
    {
      id: 'csharp',
      label: 'C#',
      code: [
        `using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };\nawait client.GetAsync("${url}");`,
      ],
    },
    {
      id: 'powershell',
      label: 'PowerShell',
      code: [`Invoke-RestMethod -Uri ${url} -TimeoutSec 10 -MaximumRetryCount 5`],
    },
  ];
}

/** The five fields that fit the check's schedule; every minute, to be mended, when none do. */
export function crontabTimes(check: Pick<CheckRow, 'kind' | 'schedule' | 'timeout'>): string {
  if (check.kind === 'cron') return check.schedule;
  const { timeout } = check;
  if (check.kind === 'simple') {
    const minutes = timeout / 60;
    if (minutes === 1) return '* * * * *';
    if (Number.isInteger(minutes) && minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
    const hours = timeout / 3600;
    if (hours === 1) return '0 * * * *';
    if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0) return `0 */${hours} * * *`;
    if (hours === 24) return '0 0 * * *';
    if (timeout === 7 * 86_400) return '0 0 * * 0';
  }
  return '# Put your schedule here instead of every minute:\n* * * * *';
}
