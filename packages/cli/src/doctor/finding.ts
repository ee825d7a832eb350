/** One line of the doctor's report. */
export interface Finding {
  /** wrong: the product cannot do its whole job; doubtful: it can, but look at it. */
  readonly level: 'fine' | 'doubtful' | 'wrong';
  readonly subject: string;
  /** What is the case. */
  readonly text: string;
  /** How to mend it. */
  readonly mend?: string;
}

export function fine(subject: string, text: string): Finding {
  return { level: 'fine', subject, text };
}

export function doubtful(subject: string, text: string, mend?: string): Finding {
  return { level: 'doubtful', subject, text, ...(mend ? { mend } : {}) };
}

export function wrong(subject: string, text: string, mend?: string): Finding {
  return { level: 'wrong', subject, text, ...(mend ? { mend } : {}) };
}

const MARKS = { fine: 'ok   ', doubtful: 'look ', wrong: 'WRONG' } as const;

/** The report as text, a finding a line, with the remedy below. */
export function report(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, subject, text, mend }) => [
    `${MARKS[level]}  ${subject}: ${text.replaceAll('\n', '\n       ')}`,
    ...(mend ? [`       ${mend}`] : []),
  ]);
  const bad = findings.filter((f) => f.level === 'wrong').length;
  lines.push('', bad === 0 ? 'Nothing is wrong.' : `${bad} ${bad === 1 ? 'thing is' : 'things are'} wrong.`);
  return `${lines.join('\n')}\n`;
}
