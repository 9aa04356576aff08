import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { seeded } from "../tests/random.ts";
import { RegistryError } from "./errors.ts";
import { MAX_DEPTH, MAX_MEMBERS, MAX_NODES, objectShape, parseStrictJson } from "./json.ts";

const SHAPE = objectShape({
  mediaType: "any",
  size: "integer",
  config: objectShape({ digest: "any", size: "integer" }),
  annotations: "any",
});

function parse(text: string): unknown {
  return parseStrictJson(new TextEncoder().encode(text), SHAPE);
}

function assertInvalid(input: string | Uint8Array, message: string): void {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const error = assertThrows(() => parseStrictJson(bytes, SHAPE), RegistryError);
  assertEquals(error.code, "MANIFEST_INVALID");
  assertStringIncludes(error.message, message);
}

Deno.test("parseStrictJson() returns the same as JSON.parse for unambiguous text", () => {
  const text =
    ' {"a": [1, -2.5e3, true, null, {"b": "\\"\\\\\\u00e9\\ud83d\\ude00 {[:,"}], "\\\\": {}, "": ""}\n';
  assertEquals(parse(text), JSON.parse(text));
});

Deno.test("parseStrictJson() rejects a byte order mark", () => {
  assertInvalid("\uFEFF{}", "byte order mark");
});

Deno.test("parseStrictJson() rejects bytes that are not UTF-8", () => {
  assertInvalid(Uint8Array.of(0x22, 0xff, 0x22), "not UTF-8");
  assertInvalid(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), "not UTF-8"); // an overlong slash
  assertInvalid(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "not UTF-8"); // a surrogate
});

Deno.test("parseStrictJson() rejects lone surrogates, which Go makes one and the same character", () => {
  assertInvalid('{"a": "\\ud800"}', "lone surrogate");
  assertInvalid('["\\\\", "\\udc00x"]', "lone surrogate");
  assertInvalid('{"annotations": {"\\ud800": "1", "\\ud801": "2"}}', "lone surrogate");
});

Deno.test("parseStrictJson() rejects text that is not JSON", () => {
  const texts = [
    "",
    " ",
    "{",
    "{]",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    "{'a':1}",
    '{"a" 1}',
    '{"a":1} x',
    "/**/{}",
  ];
  texts.push(
    '"\u0001"',
    '"\\x41"',
    '"\\',
    '"open',
    "01",
    "nul",
    "NaN",
    "}",
    "]]",
    ",",
    ":",
    '{"size":',
    "[1}",
  );
  for (const text of texts) {
    const error = assertThrows(() => parse(text), RegistryError);
    assertEquals(error.code, "MANIFEST_INVALID", text);
  }
});

Deno.test("parseStrictJson() rejects a repeated name at any depth", () => {
  assertInvalid('{"a": 1, "a": 1}', '"a" twice');
  assertInvalid('{"x": [0, {"y": {"a": 1, "b": 2, "a": 3}}]}', '"x[1].y.a" twice');
  assertInvalid('{"annotations": {"k": "1", "k": "2"}}', '"annotations.k" twice');
});

Deno.test("parseStrictJson() rejects a repeated name when one of them is written with escapes", () => {
  assertInvalid('{"size": 1, "\\u0073ize": 2}', '"size" twice');
  assertInvalid('{"a\\"b": 1, "a\\u0022b": 2}', "twice");
});

Deno.test("parseStrictJson() takes equal names in different objects", () => {
  const text = '{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": {"a": 1}}';
  assertEquals(parse(text), JSON.parse(text));
});

Deno.test("parseStrictJson() rejects a known name in another case, the exact one being there or not", () => {
  assertInvalid(
    '{"mediaType": "a", "MediaType": "b"}',
    '"MediaType", which differs from a known key only in case',
  );
  assertInvalid('{"MEDIATYPE": "b"}', '"MEDIATYPE"');
  assertInvalid('{"config": {"Digest": "a"}}', '"config.Digest"');
  assertInvalid('{"config": [{}, {"Digest": "a"}]}', '"config[1].Digest"');
});

Deno.test("parseStrictJson() folds case as Go does, with the long s and the Kelvin sign", () => {
  assertInvalid('{"\u017Fize": 1}', "only in case");
  assertInvalid('{"\\u017fIZE": 1}', "only in case");
  const shape = objectShape({ kind: "any" });
  assertThrows(() => parseStrictJson(new TextEncoder().encode('{"\u212Aind": 1}'), shape), RegistryError);
});

Deno.test("parseStrictJson() leaves case free where names are not known", () => {
  const text =
    '{"annotations": {"org.Foo": "1", "org.foo": "2", "Size": "3", "size": 1.5}, "other": {"SIZE": -1}}';
  assertEquals(parse(text), JSON.parse(text));
});

Deno.test("parseStrictJson() judges a known integer by its source", () => {
  assertEquals(parse('{"size":9007199254740991}'), { size: 9007199254740991 });
  assertEquals(parse('{"size" : 0 , "config": {"size":\t7\n}}'), { size: 0, config: { size: 7 } });
  const others = [
    "9007199254740992",
    "9223372036854775807",
    "1e3",
    "1.0",
    "-1",
    "-0",
    "01",
    '"1"',
    "null",
    "[1]",
  ];
  for (const source of [...others, "9".repeat(400)]) {
    assertInvalid(`{"size": ${source}}`, 'at "size"');
    assertInvalid(`{"config": {"x": 0, "size": ${source}}}`, 'at "config.size"');
  }
});

Deno.test("parseStrictJson() takes the deepest nesting allowed and rejects the next", () => {
  const deepest = "[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH);
  assertEquals(parse(deepest), JSON.parse(deepest));
  assertInvalid(`[${deepest}]`, `deeper than ${MAX_DEPTH}`);
  assertInvalid('{"a":'.repeat(MAX_DEPTH + 1) + "1" + "}".repeat(MAX_DEPTH + 1), `deeper than ${MAX_DEPTH}`);
});

Deno.test("parseStrictJson() takes as many members of an object as are allowed and rejects the next", () => {
  const members = (count: number) => Array.from({ length: count }, (_, i) => `"${i}":0`).join(",");
  parse(`{"annotations":{${members(MAX_MEMBERS)}}}`);
  assertInvalid(`{"annotations":{${members(MAX_MEMBERS + 1)}}}`, `more than ${MAX_MEMBERS} members`);
});

Deno.test("parseStrictJson() takes as many members, arrays and objects in all as are allowed and rejects the next", () => {
  const items = (count: number, item: string) => `[${Array(count).fill(item).join(",")}]`;
  for (const [item, nodes] of [["[]", 1], ["{}", 1], ['{"a":0}', 2]] as const) {
    const count = Math.floor((MAX_NODES - 1) / nodes);
    parse(items(count, item));
    assertInvalid(items(count + 1, item), `more than ${MAX_NODES}`);
  }
  parse(items(2 * MAX_NODES, "0"));
});

Deno.test("parseStrictJson() does not run out of stack on 4 MiB of opening brackets", () => {
  assertInvalid("[".repeat(4 << 20), "deeper than");
  assertInvalid('{"a":'.repeat((4 << 20) / 5), "deeper than");
});

Deno.test("parseStrictJson() ends on 4 MiB of text that makes scanners look back or ahead", () => {
  const texts = [
    `"${"\\".repeat(4 << 20)}`,
    `"${'\\"'.repeat(2 << 20)}`,
    '"'.repeat(4 << 20),
    `{"size":${" ".repeat(4 << 20)}`,
  ];
  for (const text of texts) assertThrows(() => parse(text), RegistryError);
});

Deno.test("parseStrictJson() ends on as many names as may be that V8 would hash to the same place", () => {
  const names = Array.from({ length: MAX_MEMBERS }, (_, i) => `"${i * (1 << 14)}":0`);
  const objects = Array(Math.floor(MAX_NODES / (MAX_MEMBERS + 2))).fill(`{${names.join(",")}}`);
  assertEquals((parse(`[${objects.join(",")}]`) as unknown[]).length, objects.length);
});

Deno.test("parseStrictJson() keeps its messages short when names are long", () => {
  const name = "n".repeat(1 << 20);
  const error = assertThrows(() => parse(`{"${name}": 1, "${name}": 2}`), RegistryError);
  assertEquals(error.message.length < 500, true);
});

Deno.test("parseStrictJson() tells texts with a repeated name from others when they are made at random", () => {
  let repeated = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const writer = new RandomJson(seed);
    const text = writer.write();
    if (writer.repeated) assertInvalid(text, "twice");
    else assertEquals(parse(text), JSON.parse(text), text);
    repeated += Number(writer.repeated);
  }
  assertEquals(repeated > 30 && repeated < 270, true, `${repeated} of 300 repeat a name`);
});

/** Writes JSON with odd strings and white space that now and then repeats a name in another spelling. */
class RandomJson {
  repeated = false;
  readonly #random: (n: number) => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  write(depth = 0): string {
    const kind = depth === 0 ? 3 : depth > 5 ? this.#random(2) : this.#random(4);
    return this.#space() + [this.#literal, this.#string, this.#array, this.#object][kind]?.call(this, depth);
  }

  #space(): string {
    return " \n\t\r".slice(this.#random(5));
  }

  #literal(): string {
    return ["0", "-1.5e-7", "true", "null", "false"][this.#random(5)] + this.#space();
  }

  #string(): string {
    return JSON.stringify(["\\", '"', "{", "é", "}:[", ",", '\\\\"'][this.#random(7)]) + this.#space();
  }

  #array(depth: number): string {
    return `[${this.#items(depth).join(",")}]${this.#space()}`;
  }

  #object(depth: number): string {
    const members = this.#items(depth).map((item, i) => `"\\\\}${i}"${this.#space()}:${item}`);
    if (members.length > 1 && this.#random(16) === 0) {
      members.push(`"\\u005c}\\u0030":0`);
      this.repeated = true;
    }
    return `{${members.join(",")}}${this.#space()}`;
  }

  #items(depth: number): string[] {
    return Array.from({ length: this.#random(6) }, () => this.write(depth + 1));
  }
}
