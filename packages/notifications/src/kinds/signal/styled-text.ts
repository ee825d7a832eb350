/** Text with bold and monospace stretches, as signal-cli takes it: `start:length:STYLE`, in UTF-16 code units. */
export class StyledText {
  text = '';
  readonly styles: string[] = [];

  plain(text: string): this {
    this.text += text;
    return this;
  }

  bold(text: string): this {
    return this.#styled(text, 'BOLD');
  }

  monospace(text: string): this {
    return this.#styled(text, 'MONOSPACE');
  }

  /** Without white space at the end, with plain spaces only (integrations.md 0.1 rule 7). */
  trimmed(): this {
    this.text = this.text.replace(/\u00a0/g, ' ').trimEnd();
    return this;
  }

  #styled(text: string, style: 'BOLD' | 'MONOSPACE'): this {
    this.styles.push(`${this.text.length}:${text.length}:${style}`);
    return this.plain(text);
  }
}
