import { Buffer } from "node:buffer";

/** A header field; as everything here, in characters of one byte each, so that any bytes can be sent. */
export type Field = [name: string, value: string];

/** Framing of a body. */
export type Framing =
  /** By `Content-Length`. */
  | "length"
  /** By `Transfer-Encoding: chunked`. */
  | "chunked"
  /** By what the fields say, which may be wrong or nothing; the connection is half closed after it. */
  | "raw"
  /** `Content-Length` says more, and nothing more ever comes. */
  | "stalled";

/** A request that may be anything. */
export interface FuzzRequest {
  method: string;
  path: string;
  query: Field[];
  fields: Field[];
  body?: Uint8Array<ArrayBuffer>;
  framing: Framing;
  /** Value of `host` other than the correct field. */
  host?: "missing" | "repeated";
  /** Instead of `HTTP/1.1`. */
  version?: string;
  /** True if it must be answered with 4xx, however it was changed since. */
  refused?: boolean;
}

/** Rest of the first line behind the method. */
export function targetOf({ path, query }: FuzzRequest): string {
  return query.length === 0 ? path : `${path}?${query.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

/** The request as it is sent to `host`. */
export function serialize(request: FuzzRequest, host: string): Uint8Array<ArrayBuffer> {
  const { method, fields, framing, version = "HTTP/1.1", body = new Uint8Array() } = request;
  const hosts: Field[] = request.host === "missing" ? [] : [["Host", host]];
  if (request.host === "repeated") hosts.push(["Host", "elsewhere.example"]);
  const length: Field[] = framing === "length" && (request.body !== undefined || method === "POST")
    ? [["Content-Length", `${body.length}`]]
    : framing === "stalled"
    ? [["Content-Length", `${body.length + 10}`]]
    : framing === "chunked"
    ? [["Transfer-Encoding", "chunked"]]
    : [];
  const head = [`${method} ${targetOf(request)} ${version}`]
    .concat([...hosts, ...fields, ...length].map(([name, value]) => `${name}: ${value}`))
    .join("\r\n") + "\r\n\r\n";
  return concat([latin1(head), framing === "chunked" ? chunked(body) : body]);
}

/** One byte for each character, which has no more than one. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** These bytes one after the other. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

/** In several chunks, with an extension and a trailer without need. */
function chunked(body: Uint8Array): Uint8Array {
  const size = Math.max(1, Math.ceil(body.length / 3));
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < body.length; offset += size) {
    const chunk = body.subarray(offset, offset + size);
    pieces.push(latin1(`${chunk.length.toString(16)};name=value\r\n`), chunk, latin1("\r\n"));
  }
  return concat([...pieces, latin1("0\r\nX-Trailer: Content-Length: 5\r\n\r\n")]);
}
