/** Everything that `npm start` prints: its own words, and the lines of those it started behind their names. */

const COLOURS = [36, 32, 33, 35, 34, 31];
const NAME_WIDTH = 11;

export class Terminal {
  readonly #write: (text: string) => void;
  readonly #colours: boolean;
  readonly #order: string[] = [];

  constructor(write: (text: string) => void, colours: boolean) {
    this.#write = write;
    this.#colours = colours;
  }

  /** A line of our own. */
  say(line: string): void {
    this.#write(`${line}\n`);
  }

  /** A line of `name`, behind its coloured name. */
  line(name: string, line: string): void {
    const label = `${name.padEnd(NAME_WIDTH)} |`;
    this.#write(`${this.#colours ? `\u001b[${this.#colour(name)}m${label}\u001b[0m` : label} ${line}\n`);
  }

  /** Cuts what a stream brings into lines of `name`. */
  follow(name: string, stream: NodeJS.ReadableStream): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.line(name, line);
    });
    stream.on('end', () => {
      if (rest !== '') this.line(name, rest);
      rest = '';
    });
  }

  #colour(name: string): number {
    if (!this.#order.includes(name)) this.#order.push(name);
    return COLOURS[this.#order.indexOf(name) % COLOURS.length]!;
  }
}
