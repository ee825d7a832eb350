/** Requests with all that matters here in the caller's hand: address, TLS version and key kind, HTTP version, headers. */

import { request as requestHttp } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Bench } from './support.ts';

export interface Ask {
  /** Sent as Host (or :authority) and, over TLS, as SNI. */
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Default 127.0.0.1. */
  readonly address?: '127.0.0.1' | '::1';
  /** Absent: plain HTTP. */
  readonly tls?: Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'sigalgs' | 'ciphers'>;
  readonly http2?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  /** Of the TLS session: `TLSv1.3`, … */
  readonly protocol?: string | null;
  /** The certificate's subject. */
  readonly certificate?: string;
}

export function ask(bench: Bench, what: Ask): Promise<Answer> {
  return what.http2 ? askHttp2(bench, what) : askHttp1(bench, what);
}

function askHttp1(bench: Bench, what: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: what.address ?? '127.0.0.1',
      method: what.method ?? 'GET',
      path: what.path,
      headers: { Host: what.host, ...what.headers },
      agent: false as const,
    };
    const request = what.tls
      ? requestHttps({ ...options, port: bench.httpsPort, ...tlsOptions(bench, what) })
      : requestHttp({ ...options, port: bench.httpPort });
    request.once('error', reject);
    request.once('response', async (response) => {
      const about = what.tls ? session(response.socket as TLSSocket) : {};
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      resolve({ status: response.statusCode!, headers: response.headers, body, ...about });
    });
    request.end(what.body);
  });
}

function askHttp2(bench: Bench, what: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const client = connectHttp2(`https://${what.host}`, {
      host: what.address ?? '127.0.0.1',
      port: bench.httpsPort,
      ...tlsOptions(bench, what),
    });
    client.once('error', reject);
    const stream = client.request({ ':path': what.path, ':method': what.method ?? 'GET', ...what.headers });
    stream.once('error', reject);
    stream.once('response', async (headers) => {
      let body = '';
      for await (const chunk of stream.setEncoding('utf8')) body += chunk;
      client.close();
      resolve({ status: headers[':status']!, headers, body, ...session(client.socket as TLSSocket) });
    });
    stream.end(what.body);
  });
}

function tlsOptions(bench: Bench, what: Ask) {
  return { ca: bench.authorities.map(String), servername: what.host, ...what.tls };
}

function session(socket: TLSSocket) {
  return { protocol: socket.getProtocol(), certificate: String(socket.getPeerCertificate().subject.CN) };
}
