import { Broken, type Framing } from "./wire.ts";

interface Head {
  /** As it came. */
  readonly bytes: Uint8Array;
  readonly headers: Headers;
  /** True if the connection may be used again after the message. */
  readonly keepsAlive: boolean;
  readonly framing: Framing;
}

/** Properties of a request from its head. */
export interface RequestHead extends Head {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
}

/** Properties of a response from its head. */
export interface ResponseHead extends Head {
  readonly status: number;
}

/** Reads the head of a request. */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const { start, headers } = parse(bytes);
  const [, method, target, version] = /^(\S+) (\S+) HTTP\/1\.([01])$/.exec(start) ?? [];
  if (method === undefined || target === undefined) throw new Broken(`The request begins with "${start}"`);
  // RFC 9112 §6.3: a request without either field has no body.
  const framing = framingOf(headers) ?? { length: 0 };
  return { bytes, method, target, headers, framing, keepsAlive: keepsAlive(version, headers) };
}

/** Reads the head of the response to a request with that method. */
export function parseResponseHead(bytes: Uint8Array, method: string): ResponseHead {
  const { start, headers } = parse(bytes);
  const [, version, digits] = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/.exec(start) ?? [];
  if (digits === undefined) throw new Broken(`The response begins with "${start}"`);
  const status = Number(digits);
  const bodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const framing = bodiless ? { length: 0 } : framingOf(headers) ?? "until-close";
  return {
    bytes,
    status,
    headers,
    framing,
    keepsAlive: framing !== "until-close" && keepsAlive(version, headers),
  };
}

function parse(bytes: Uint8Array): { start: string; headers: Headers } {
  const [start = "", ...lines] = new TextDecoder("latin1").decode(bytes).trimEnd().split(/\r?\n/);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { start, headers };
}

function framingOf(headers: Headers): Framing | undefined {
  if (headers.get("transfer-encoding")?.toLowerCase().endsWith("chunked")) return "chunked";
  const length = headers.get("content-length");
  return length === null ? undefined : { length: Number(length) };
}

function keepsAlive(version: string | undefined, headers: Headers): boolean {
  const connection = headers.get("connection")?.toLowerCase();
  return version === "1" ? connection !== "close" : connection === "keep-alive";
}
