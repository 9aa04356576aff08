import type { Dice } from "./dice.ts";
import type { Field } from "./fuzz_request.ts";

/** Poison for paths. */
export const PATH_TOKENS = [
  ..."/ // /./ /../ .. . ... %2e%2e %2E%2E/ %2f %2F%2F %5c \\ \\..\\ % %% %zz %0 %00 %0d%0aX-Injected:%201 %25 %u002e"
    .split(" "),
  ..."; ;a=b # ? & @ : * + ~ | ` ' \" < > { } [ ] ^ $ ! ( ) = , _ - A Z é \xff \xc0\xae \x80".split(" "),
  ..."blobs manifests uploads tags list referrers _catalog _oci ext discover _skerry history v2 latest".split(
    " ",
  ),
  "/v2/",
  "/v2",
  "sha256:",
  "sha512:",
  "a".repeat(129),
  "a/".repeat(130),
  "0".repeat(64),
  "../".repeat(20),
  "%2e%2e%2f".repeat(10),
  "x".repeat(5000),
];

/** Characters that no target of a request may contain. A server may answer them with any failure. */
export const RAW_TOKENS = [" ", "\t", "\0", "\x01", "\x7f", "\r", "\n", "\x0b"];

/** Poison for values. */
export const VALUE_TOKENS = [
  ..."%0d%0aX-Injected:%201 %00 %ff %c0%ae %E2%80%A8 %F0%9F%92%A9 %ED%A0%80 + %20 %26 & = ; # % %zz ' \" < > / .. \\ , * -"
    .split(" "),
  ..."0 1 -1 1.5 1e9 00 +1 0x10 NaN Infinity 9007199254740993 99999999999999999999 true null".split(" "),
  "9".repeat(400),
  "a".repeat(3000),
  "[0]=1",
  "sha256:" + "0".repeat(64),
];

const FIELD_NAMES = [
  ..."Accept Accept-Encoding Accept-Language Authorization Cookie Content-Type Content-Range Content-Encoding"
    .split(" "),
  ..."Range If-Range If-Match If-None-Match If-Modified-Since If-Unmodified-Since Origin Referer User-Agent"
    .split(" "),
  ..."X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Original-URL X-Rewrite-URL X-HTTP-Method-Override"
    .split(" "),
  ..."Forwarded Via Max-Forwards Connection Keep-Alive TE Trailer Upgrade Prefer Cache-Control Pragma Warning"
    .split(" "),
  ..."Docker-Content-Digest OCI-Subject OCI-Tag Link Location X-Request-Id Digest Repr-Digest Want-Digest"
    .split(" "),
  ..."x !#$%&'*+-.^_`|~ __proto__ constructor".split(" "),
];

const FIELD_VALUES = [
  "",
  "*",
  "*/*",
  ",",
  ",,,,",
  "\t",
  '"',
  "\xe9\xff",
  "a=b; c=d",
  "identity;q=0, *;q=0",
  "gzip, br, deflate, compress",
  "bytes=0-",
  "close",
  "upgrade",
  "websocket",
  "h2c",
  "100-continue",
  "http://elsewhere.example/",
  "../../etc/passwd",
  "application/vnd.oci.image.manifest.v1+json",
  "Basic " + btoa("a:b"),
  "Bearer x.y.z",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "%0d%0aX-Injected: 1",
  "x".repeat(4000),
  "a,".repeat(2000),
];

/** Any fields, none of which means anything that its request must not do. */
export function anyFields(dice: Dice): Field[] {
  const name = dice.pick(FIELD_NAMES);
  const value = dice.chance(70)
    ? dice.pick(FIELD_VALUES)
    : dice.text("ab01-_,;=\"' \t/*\\(){}<>%\xe9", dice.length());
  const field: Field = [name, value.trim()];
  const repeats = dice.chance(90) ? 1 : dice.pick([2, 3, 30]);
  return Array.from({ length: repeats }, () => field);
}

/** An `If-Match`, an `If-None-Match` or an `Accept`, mostly with something in it that means something. */
export function conditionFields(dice: Dice, digests: readonly string[]): Field {
  const digest = dice.pick(digests);
  const value = dice.pick([
    "*",
    `"${digest}"`,
    digest,
    `W/"${digest}"`,
    `"x", "${digest}" , W/"y"`,
    `"${digest}`,
    `"${digest}""${digest}"`,
    "",
    ",",
    '""',
    `"${"z".repeat(5000)}"`,
    Array.from({ length: 500 }, () => '"x"').join(","),
  ]);
  return [dice.pick(["If-Match", "If-None-Match", "If-Range"]), value];
}

/** A `Range`: fine, odd or absurd. */
export function rangeField(dice: Dice, size: number): Field {
  const number = () =>
    dice.chance(80)
      ? dice.below(size + 10)
      : dice.pick([0, size - 1, size, size + 1, 2 ** 31, 2 ** 53, "9".repeat(30), "-1", "", "a"]);
  const spec = () =>
    dice.pick([
      () => `${number()}-${number()}`,
      () => `${number()}-`,
      () => `-${number()}`,
      () => "-",
      () => "",
      () => "0-0",
    ])();
  const count = dice.chance(70) ? 1 : dice.pick([2, 3, 10, 1024, 3000]);
  const specs = Array.from({ length: count }, spec).join(dice.pick([",", ", ", " ,\t", ",,"]));
  const unit = dice.chance(90)
    ? "bytes="
    : dice.pick(["bytes", "bytes:", "BYTES=", "lines=", "bytes =", "", "bytes=bytes="]);
  return ["Range", unit + specs];
}
