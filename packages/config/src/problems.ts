export interface Problem {
  /** The variable, or its _FILE when the file is what is wrong. */
  readonly name: string;
  /** What it held, in quotes; secrets masked. */
  readonly held: string;
  /** What is allowed instead, in words. */
  readonly allowed: string;
}

/** The environment cannot be used. The message lists every problem, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ name, held, allowed }) => `  ${name} holds ${held}. Allowed: ${allowed}.`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
