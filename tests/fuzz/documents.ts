import type { Dice } from "./dice.ts";
import { concat } from "./fuzz_request.ts";
import type { StoredManifest } from "./world.ts";

/** A body for the push of a manifest. */
export interface Document {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string | undefined;
}

type Json = Record<string, unknown>;

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/**
 * A document that no registry may take, made of the image `valid`: some parser would read it in another way, or it is
 * not of the form that its media type says.
 */
export function invalidDocument(dice: Dice, valid: StoredManifest): Document {
  const text = JSON.stringify(valid.document);
  if (dice.chance(50)) return { bytes: dice.pick(BROKEN_TEXTS)(text, dice), contentType: valid.mediaType };
  if (dice.chance(10)) return wrongType(dice, text);
  const changed = { ...valid.document, ...dice.pick(BAD_MEMBERS)(dice, valid.document) };
  return { bytes: encode(JSON.stringify(changed)), contentType: valid.mediaType };
}

/** A document that may be one to take, with odd things in it. */
export function oddDocument(dice: Dice, valid: StoredManifest): Document {
  const document: Json = structuredClone(valid.document);
  for (let count = 1 + dice.below(3); count > 0; count--) {
    const place = dice.pick([document, document, document.config, document.annotations ?? document.subject]);
    if (typeof place !== "object" || place === null) continue;
    const name = dice.chance(50) ? dice.pick(Object.keys(document)) : dice.pick(ODD_NAMES);
    if (dice.chance(20)) delete (place as Json)[name];
    else {Object.defineProperty(place, name, {
        value: oddValue(dice, valid),
        enumerable: true,
        configurable: true,
      });}
  }
  const contentType = dice.chance(70)
    ? valid.mediaType
    : dice.pick([undefined, "", INDEX, "text/html", `${IMAGE}; a=b`]);
  return { bytes: encode(JSON.stringify(document)), contentType };
}

const ODD_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "\u0000",
  "é",
  "\u{1F4A9}",
  "a".repeat(1000),
  "$ref",
  "then",
];

function oddValue(dice: Dice, valid: StoredManifest): unknown {
  return dice.pick<() => unknown>([
    () => dice.pick([null, true, 0, -0, 1e21, "", "\r\nX-Injected: 1", "<script>", "../../..", [], {}]),
    () => ({ mediaType: valid.mediaType, digest: valid.digest, size: valid.size }),
    () => ({ mediaType: "a/b", digest: `blake3:${"0".repeat(64)}`, size: 2 ** 53 - 1 }),
    () => ({ mediaType: "a/b\r\nX-Injected: 1", digest: `sha256:${"0".repeat(64)}`, size: 0 }),
    () => [{ mediaType: "a/b", digest: `x+y:${"z".repeat(200)}`, size: 0, urls: ["http://127.0.0.1:1/"] }],
    () => ({ "": "", a: "\u2028\u0085", ["k".repeat(300)]: "v".repeat(40_000) }),
    () => dice.text('ab"\\{}[]:,\u00ff', dice.length()),
  ])();
}

/** Damage to the text itself. Each is made of a valid text and is never one. */
const BROKEN_TEXTS: readonly ((text: string, dice: Dice) => Uint8Array<ArrayBuffer>)[] = [
  duplicateName,
  duplicateName,
  nameInAnotherCase,
  nameInAnotherCase,
  (text) => concat([Uint8Array.of(0xef, 0xbb, 0xbf), encode(text)]),
  (text) =>
    concat([Uint8Array.of(0xff, 0xfe), Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0), 0]))]),
  (text, dice) => concat([encode(text.slice(0, -2)), dice.pick(NOT_UTF8), encode('"}}')]),
  (text, dice) =>
    encode(withMember(text, `"annotation": "${dice.pick(["\\ud800", "\\udc00x", "\\ud800\\ud800"])}"`)),
  (text, dice) => encode(text.slice(0, dice.below(text.length))),
  (text, dice) => encode(text + dice.pick(["x", "}", "{}", ",", "\0", "//", "null", "\ufeff", "\v"])),
  (text, dice) => encode(withMember(text, `"deep": ${nested(depth(dice), dice)}`)),
  (text) => encode(text.replaceAll('"', "'")),
  (text) => encode(text.replace(/}$/, ",}")),
  (text) => encode(text.replace("{", "{/* comment */")),
  (text) => encode(text.replace('"schemaVersion"', "schemaVersion")),
  (text, dice) =>
    encode(
      text.replace('"config":{', `"config":{"a":"${dice.pick(["\n", "\t", "\0", "\x1f"])}",`).replace(
        '"manifests":[',
        '"manifests":[\n"\n",',
      ),
    ),
  (text, dice) => encode(text.replace(/"size":\d+/, `"size":${dice.pick(BAD_NUMBERS)}`)),
  (text, dice) =>
    encode(
      text.replace('"schemaVersion":2', `"schemaVersion":${dice.pick(["2.0", "2e0", "02", "+2", "0x2"])}`),
    ),
  (_, dice) =>
    encode(dice.pick(["", " ", "[]", "null", "0", '"text"', "true", "[{}]", "NaN", "{", "[", '{"', "\0"])),
  (_, dice) => encode(nested(depth(dice), dice)),
];

const NOT_UTF8 = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80]]
  .map((bytes) => Uint8Array.from(bytes));

const BAD_NUMBERS = [
  "-1",
  "1.5",
  "1e2",
  "9007199254740993",
  "1e400",
  '"5"',
  "null",
  "true",
  "[]",
  "00",
  "0x10",
  "+1",
]
  .concat([".5", "5.", "Infinity", "NaN", "1".repeat(5000), "-0", "", "5 5"]);

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function withMember(text: string, member: string): string {
  return text.replace("{", `{${member},`);
}

/** Deeper than any manifest, and now and then longer than any. */
function depth(dice: Dice): number {
  return dice.pick(dice.chance(97) ? [65, 100, 1000, 5000] : [200_000, 1_000_000]);
}

function nested(depth: number, dice: Dice): string {
  return dice.chance(50)
    ? "[".repeat(depth) + "]".repeat(depth)
    : '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
}

/** Any name a second time, with any value, before or after the first. */
function duplicateName(text: string, dice: Dice): Uint8Array<ArrayBuffer> {
  const names = [...text.matchAll(/"([A-Za-z]+)":/g)];
  const { 0: name, index } = dice.pick(names);
  const value = dice.pick(["null", '"x"', "0", "[]", "{}"]);
  return encode(`${text.slice(0, index)}${name}${value},${text.slice(index)}`);
}

const KNOWN_NAMES =
  /"(schemaVersion|mediaType|config|layers|manifests|digest|size|annotations|subject|artifactType)":/g;

/** A name that readers which do not mind the case take for another. */
function nameInAnotherCase(text: string, dice: Dice): Uint8Array<ArrayBuffer> {
  const { 1: name = "", index } = dice.pick([...text.matchAll(KNOWN_NAMES)]);
  const swap = (letter: string) => letter === "s" && dice.chance(30) ? "\u017f" : letter.toUpperCase();
  const at = dice.below(name.length);
  const letter = name[at]!;
  const other = letter === letter.toUpperCase() ? letter.toLowerCase() : swap(letter);
  const changed = `"${name.slice(0, at)}${other}${name.slice(at + 1)}":`;
  // Instead of the right one, or beside it.
  const rest = text.slice(index + (dice.chance(50) ? name.length + 3 : 0));
  const beside = rest.startsWith(`"${name}":`) ? `${dice.pick(["null", '"x"', "7"])},` : "";
  return encode(text.slice(0, index) + changed + beside + rest);
}

/** Members that make a valid document of any type an invalid one. */
const BAD_MEMBERS: readonly ((dice: Dice, valid: Json) => Json)[] = [
  (dice) => ({ schemaVersion: dice.pick([1, 3, "2", null, undefined, [2], 2 ** 31]) }),
  (_, { manifests }) => manifests === undefined ? { manifests: [] } : { layers: [] },
  (dice) => ({ fsLayers: dice.pick([null, [], {}]) }),
  (dice) => ({ mediaType: dice.pick(["text/plain", "application/json", 5, {}, "*/*", "\r\n"]) }),
  (dice, valid) => listOf(valid, dice.pick([{}, "x", 5, true, [null], [[]], [{}], [5]])),
  (dice, valid) => listOf(valid, [{ mediaType: "a/b", digest: badDigest(dice), size: 5 }]),
  (dice, valid) =>
    listOf(valid, [{ mediaType: dice.pick(["", null, 5]), digest: `sha256:${"0".repeat(64)}`, size: 5 }]),
  (dice, valid) =>
    listOf(valid, [{
      mediaType: "a/b",
      digest: `sha256:${"0".repeat(64)}`,
      size: 3,
      data: dice.pick(["AAAA", "AA", "!", 5]),
    }]),
  (dice) => ({ annotations: dice.pick([[], "x", 5, { a: 1 }, { a: null }, { a: ["b"] }]) }),
  (dice) => ({
    subject: dice.pick([[], {}, "x", 5, true, { mediaType: "a/b", digest: badDigest(dice), size: 1 }]),
  }),
  (dice) => ({ artifactType: dice.pick([5, [], {}, true]) }),
  (dice, valid) =>
    valid.config === undefined ? { config: {} } : { config: dice.pick([null, [], "x", 5, {}, undefined]) },
];

function listOf({ manifests }: Json, value: unknown): Json {
  return manifests === undefined ? { layers: value } : { manifests: value };
}

/** Text that no descriptor may have for a digest. */
export function badDigest(dice: Dice): string {
  const hex = dice.text("0123456789abcdef", 64);
  return dice.pick([
    () => `sha256:${hex.toUpperCase()}A`,
    () => `sha256:${hex.slice(1)}`,
    () => `sha256:${hex}0`,
    () => `sha256:${hex.slice(1)}g`,
    () => `sha512:${hex}`,
    () => `SHA256:${hex}`,
    () => `sha256:`,
    () => `:${hex}`,
    () => hex,
    () => "",
    () => `sha256:../../${hex.slice(6)}`,
    () => `sha256:${hex}/../..`,
    () => `sha256::${hex}`,
    () => `sha256:${hex}\n`,
    () => ` sha256:${hex}`,
    () => `sha256%3A${hex}`,
    () => `sha256:${hex.slice(2)}%61`,
    () => `sha256+:${hex}`,
    () => `blake3:`,
    () => `x:${"y".repeat(2000)}`,
  ])();
}

/** A document of one type that is announced as another. */
function wrongType(dice: Dice, text: string): Document {
  const other = text.includes('"manifests"') ? IMAGE : INDEX;
  const types = [
    other,
    "application/vnd.docker.distribution.manifest.v1+json",
    "text/html",
    "application/json",
    "x",
    "/",
    "*/*",
  ];
  return { bytes: encode(text), contentType: dice.pick(types) };
}
