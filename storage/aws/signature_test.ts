import { assert, assertEquals } from "@std/assert";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac } from "node:crypto";
import { seeded } from "../../tests/random.ts";
import { encodeQuery, Signature, UNSIGNED_PAYLOAD } from "./signature.ts";

type SourceData = string | ArrayBuffer | ArrayBufferView;

/** SHA-256 or HMAC-SHA-256, as the library of AWS requires it. */
class Sha256 {
  readonly #hash;

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: SourceData): string | Uint8Array {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

const CHARACTERS = "abcXYZ019-_.~!'()*/ +=&%?#:;,@$é☃😀";

/** A random request with everything that a signature covers. */
function randomRequest(below: (n: number) => number) {
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const text = (length: number, characters = [...CHARACTERS]) =>
    Array.from({ length: below(length) }, () => pick(characters)).join("");
  const names = ["x-amz-target", "content-type", "x-amz-content-sha256", "x-amz-a", "x-amz-a-b", "range"];
  const plain = [..."abcXYZ019/.=-"];
  return {
    service: pick(["s3", "dynamodb"]),
    region: pick(["us-east-1", "eu-central-1"]),
    method: pick(["GET", "HEAD", "PUT", "POST", "DELETE"]),
    host: `${pick(["dynamodb.us-east-1.amazonaws.com", "127.0.0.1"])}${pick(["", ":8000"])}`,
    // As `URL` writes it, which is how it is sent.
    path: new URL(`http://host/${text(12)}${pick(["", "/", "//a"])}`).pathname,
    query: Object.fromEntries(Array.from({ length: below(4) }, () => [`q${text(4)}`, text(8)])),
    headers: Object.fromEntries(
      names.filter(() => below(2) === 0).map((name) => [name, `v${text(20, plain)}`]),
    ),
    payload: pick([UNSIGNED_PAYLOAD, createHash("sha256").update(text(9)).digest("hex")]),
    date: new Date(1_400_000_000_000 + below(1_000_000) * 3_600_000 + below(3_600_000)),
    credentials: {
      accessKeyId: `AKIA${text(12, plain)}`,
      secretAccessKey: `s${text(40, plain)}`,
      ...(below(2) === 0 && { sessionToken: `t${text(40, plain)}+/=` }),
    },
  };
}

/** The same request, signed by the library of AWS. */
function theirs(request: ReturnType<typeof randomRequest>): SignatureV4 {
  const { service, region, credentials } = request;
  const uriEscapePath = service !== "s3";
  return new SignatureV4({
    service,
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath,
    applyChecksum: false,
  });
}

Deno.test("Signature sign() signs as the AWS SDK does", async () => {
  const below = seeded(1);
  const kept = new Map<string, Signature>();
  for (let n = 0; n < 2000; n++) {
    const request = randomRequest(below);
    const { service, region, method, host, path, query, payload, credentials, date } = request;
    const headers = { ...request.headers, ...(service === "s3" && { "x-amz-content-sha256": payload }) };
    // The library takes the hash from this header, whatever the service.
    const signed = { ...headers, "x-amz-content-sha256": payload };
    const unsigned = { method, host, path, query: encodeQuery(query), headers: signed, payload };
    const name = `${service} ${region}`;
    const ours = kept.get(name) ?? new Signature(service, region);
    kept.set(name, ours);
    const [hostname = ""] = host.split(":");
    const expected = await theirs(request).sign(
      { method, protocol: "https:", hostname, path, query, headers: { ...signed, host } },
      { signingDate: date },
    );
    const { host: _, ...expectedHeaders } = expected.headers;
    assertEquals(ours.sign(unsigned, credentials, date), expectedHeaders, JSON.stringify(request));
  }
});

Deno.test("Signature presign() signs as the AWS SDK does", async () => {
  const below = seeded(2);
  for (let n = 0; n < 500; n++) {
    const request = randomRequest(below);
    const { service, region, method, host, path, credentials, date } = request;
    const parameters = {
      "response-content-type": `text/${request.headers["x-amz-a"] ?? "plain"}`,
      ...request.query,
    };
    const hash = new Set(["x-amz-content-sha256"]);
    const [hostname = ""] = host.split(":");
    const { query = {} } = await theirs(request).presign(
      {
        method,
        protocol: "https:",
        hostname,
        path,
        query: parameters,
        headers: { host, "x-amz-content-sha256": UNSIGNED_PAYLOAD },
      },
      { expiresIn: 900, signingDate: date, unhoistableHeaders: hash, unsignableHeaders: hash },
    );
    const ours = new Signature(service, region)
      .presign({ method, host, path }, credentials, { date, seconds: 900, parameters });
    assertEquals(Object.fromEntries(new URLSearchParams(ours)), query, JSON.stringify(request));
  }
});

Deno.test("Signature sign() derives the key again for another day, secret, region or service", () => {
  const credentials = { accessKeyId: "id", secretAccessKey: "one" };
  const request = { method: "POST", host: "host", path: "/", headers: {}, payload: "ab" };
  const date = new Date("2026-11-24T03:12:00Z");
  const ours = new Signature("s3", "us-east-1");
  const signatures = [
    ours.sign(request, credentials, date),
    ours.sign(request, credentials, new Date("2026-11-25T03:12:00Z")),
    ours.sign(request, { ...credentials, secretAccessKey: "two" }, date),
    new Signature("s3", "us-east-2").sign(request, credentials, date),
    new Signature("dynamodb", "us-east-1").sign(request, credentials, date),
  ].map(({ authorization = "" }) => authorization.split("Signature=")[1]);
  assertEquals(new Set(signatures).size, 5);
  assertEquals(ours.sign(request, credentials, date).authorization?.split("Signature=")[1], signatures[0]);
});

Deno.test("encodeQuery() sorts by the names alone", () => {
  assertEquals(encodeQuery({ "a-b": "1", a: "2", "é": "" }), "%C3%A9=&a=2&a-b=1");
  assert(encodeQuery({ a: "!'()* ~" }).endsWith("%21%27%28%29%2A%20~"));
});
