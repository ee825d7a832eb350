import type { Instant, Milliseconds, VirtualClock } from '@overdue/clock';
import type { HttpClient, TransportResult } from '@overdue/notifications';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';

/** A message as it reached a receiver. */
export interface Receipt {
  readonly at: Instant;
  /** Index of the channel. */
  readonly channel: number;
  /** The delivery id that the product gave it. */
  readonly delivery: string;
  readonly code: string;
  readonly status: string;
}

type Mode = 'well' | 'refuses' | 'slow' | 'loses answers';

/** The receivers of webhooks, at the edge of the product: where its HTTP client would make the request. */
export class Receivers {
  readonly receipts: Receipt[] = [];
  /** Called before and after each request with its number. */
  onRequest: (nth: number, when: 'before' | 'after', by: SimProcess) => Promise<void> = async () => {};
  readonly #modes = new Map<number, Mode>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #trace: (who: string, what: string) => void;
  #requests = 0;

  constructor(clock: VirtualClock, random: Random, trace: (who: string, what: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
  }

  behave(channel: number, mode: Mode): void {
    this.#modes.set(channel, mode);
  }

  /** Stands in for the HTTP client of one process. */
  client(process: SimProcess): HttpClient {
    const call = async (request: { url: string; headers?: Readonly<Record<string, string>>; body?: string }) => {
      const result = await this.#call(process, request);
      // Nobody is there to hear the answer.
      return process.alive ? result : await new Promise<never>(() => undefined);
    };
    return { call } as unknown as HttpClient;
  }

  async #call(
    process: SimProcess,
    request: { url: string; headers?: Readonly<Record<string, string>>; body?: string },
  ): Promise<TransportResult> {
    const nth = ++this.#requests;
    await this.onRequest(nth, 'before', process);
    if (!process.alive) return retry('dead');
    const channel = Number(/^http:\/\/receiver-(\d+)\//.exec(request.url)![1]);
    const mode = this.#modes.get(channel) ?? 'well';
    if (mode === 'refuses') {
      this.#trace(process.name, `channel ${channel} refuses`);
      return retry('Connection refused');
    }
    if (mode === 'slow') await this.#wait(this.#random.int(100, 25_000));
    const [code, status] = request.body!.split(' ');
    const delivery = Object.entries(request.headers ?? {}).find(([name]) => name === 'Overdue-Delivery')?.[1] ?? '';
    this.receipts.push({ at: this.#clock.now(), channel, delivery, code: code!, status: status! });
    this.#trace(process.name, `channel ${channel} receives: check ${Number(code!.slice(-12))} is ${status}`);
    await this.onRequest(nth, 'after', process);
    if (mode === 'slow') await this.#wait(this.#random.int(100, 4000));
    if (mode === 'loses answers') {
      await this.#wait(1000);
      return retry('Connection timed out');
    }
    return { result: 'sent', answer: '200' };
  }

  #wait(ms: Milliseconds): Promise<void> {
    return this.#clock.sleep(ms);
  }
}

function retry(error: string): TransportResult {
  return { result: 'retry', error, unreachable: true };
}
