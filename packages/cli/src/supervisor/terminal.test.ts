import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

test('lines of the services stand behind their names, whole, whatever pieces they come in', async () => {
  let text = '';
  const terminal = new Terminal((part) => {
    text += part;
  }, false);
  const stream = new PassThrough();
  terminal.follow('web', stream);
  stream.write('one\ntw');
  stream.write('o\nthree');
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  terminal.say('overdue ready');
  expect(text).toBe('web         | one\nweb         | two\nweb         | three\noverdue ready\n');
});

test('colours stand around the name only, one colour for each', () => {
  const lines: string[] = [];
  const terminal = new Terminal((part) => lines.push(part), true);
  terminal.line('web', 'x');
  terminal.line('ingester', 'x');
  terminal.line('web', 'y');
  expect(lines[0]).toBe('\u001b[36mweb         |\u001b[0m x\n');
  expect(lines[1]).toBe('\u001b[32mingester    |\u001b[0m x\n');
  expect(lines[2]).toBe('\u001b[36mweb         |\u001b[0m y\n');
});
