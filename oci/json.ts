import { RegistryError } from "./errors.ts";

/**
 * Expected type of a member's value: any value, an integer, or the shape of an object. For an array, the shape of each
 * of its items.
 */
export type MemberShape = "any" | "integer" | ObjectShape;

/** The members that are known of an object, which may have others; {@linkcode objectShape} makes it. */
export interface ObjectShape {
  /** By the keys of their exact names. */
  readonly members: ReadonlyMap<string, MemberShape>;
  /** The keys of the names, case folded. */
  readonly folded: ReadonlySet<string>;
}

/** The shape of an object of which these members are known. */
export function objectShape(members: Record<string, MemberShape>): ObjectShape {
  const byKey = Object.entries(members).map(([name, shape]) => [keyOf(name), shape] as const);
  return { members: new Map(byKey), folded: new Set(byKey.map(([key]) => foldCase(key))) };
}

/** Deepest nesting of arrays and objects. Manifests need five levels. */
export const MAX_DEPTH = 64;

/**
 * Maximum members of one object. Above that V8 turns objects into slow tables: 300,000 annotations, which fit in 4 MiB,
 * take fifty times as long as the same number of members in small objects.
 */
export const MAX_MEMBERS = 1000;

/** Maximum members, arrays and objects in a document. 10,000 layers with a few annotations each have half as many. */
export const MAX_NODES = 200_000;

/**
 * Parses JSON that every parser reads in the same way, so that no client sees another subject or size than the
 * registry.
 *
 * Go's `encoding/json`, which most clients use, takes the last of several equal names and matches known names without
 * case. JavaScript takes the last one too, but matches case. So every name must be unique in its object, and must not
 * differ only in case from a name that `shape` knows there, present or not. Other names, such as annotations, may
 * differ only in case. Rejects everything that parsers repair differently: a byte order mark, bytes that are not UTF-8,
 * lone surrogates, and known integers that are written otherwise, negative, or greater than 2^53-1.
 *
 * Takes time linear in the length, and constant stack for any nesting. {@linkcode MAX_MEMBERS} and {@linkcode
 * MAX_NODES} limit the result.
 *
 * @throws {RegistryError} `MANIFEST_INVALID` with the problem and its place.
 */
export function parseStrictJson(bytes: Uint8Array, shape: ObjectShape = NOTHING_KNOWN): unknown {
  const text = decodeText(bytes);
  // Before JSON.parse, which would build an array for each of four million brackets.
  checkStructure(text, shape);
  return parse(text);
}

/** True if a JSON value is an object: neither `null` nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NOTHING_KNOWN = objectShape({});

function decodeText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid("Manifest is not UTF-8", cause);
  }
  if (text.startsWith("\uFEFF")) throw invalid("Manifest begins with a byte order mark");
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("Manifest is not valid JSON", cause);
  }
}

/** An array or object that is open at some place of the text. */
interface Container {
  /** The keys of the names that an object has so far; absent for an array. */
  keys?: Set<string>;
  /** The members that are known of an object. */
  known: ObjectShape;
  /** True if the next string is a member's name. */
  beforeName: boolean;
  /** The name or index of the value that comes next. */
  at: string | number;
  /** Expected type of that value. */
  value: MemberShape;
}

/** Checks what `JSON.parse` does not. Of a text that is no JSON it may think anything: `JSON.parse` finds out. */
function checkStructure(text: string, shape: ObjectShape): void {
  const open: Container[] = [];
  let nodes = 0;
  const count = () => {
    if (++nodes > MAX_NODES) throw invalid(`Manifest has more than ${MAX_NODES} members, arrays and objects`);
  };
  let here: Container | undefined;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case "{":
        count();
        here = enter(open, openObject(here?.value ?? shape));
        break;
      case "[":
        count();
        here = enter(open, openArray(here?.value ?? shape));
        break;
      case "}":
      case "]":
        open.pop();
        here = open.at(-1);
        break;
      case ",":
        if (typeof here?.at === "number") here.at++;
        else if (here) here.beforeName = true;
        break;
      case ":":
        if (here?.value === "integer") checkInteger(text, i + 1, open);
        break;
      case '"': {
        const end = endOfString(text, i);
        const string = readString(text.slice(i, end), open);
        if (here?.beforeName) {
          count();
          takeName(here, string, open);
        }
        i = end - 1;
        break;
      }
    }
  }
}

function openObject(shape: MemberShape): Container {
  const known = typeof shape === "string" ? NOTHING_KNOWN : shape;
  return { keys: new Set(), known, beforeName: true, at: "", value: "any" };
}

function openArray(items: MemberShape): Container {
  return { known: NOTHING_KNOWN, beforeName: false, at: 0, value: items };
}

function enter(open: Container[], container: Container): Container {
  if (open.length === MAX_DEPTH) throw invalid(`Manifest nests deeper than ${MAX_DEPTH} levels`);
  open.push(container);
  return container;
}

function takeName(here: Container, name: string, open: Container[]): void {
  here.beforeName = false;
  here.at = name;
  const key = keyOf(name);
  if (here.keys?.has(key)) throw invalid(`Manifest has ${place(open)} twice`);
  here.keys?.add(key);
  if (here.keys!.size > MAX_MEMBERS) {
    throw invalid(`Manifest has an object of more than ${MAX_MEMBERS} members at ${place(open)}`);
  }
  if (here.known === NOTHING_KNOWN) return;
  const known = here.known.members.get(key);
  if (known === undefined && here.known.folded.has(foldCase(key))) {
    throw invalid(`Manifest has ${place(open)}, which differs from a known key only in case`);
  }
  here.value = known ?? "any";
}

/**
 * Key of a member's name in a set. V8 hashes a string of digits by its number, without a secret, so a client could
 * choose names that all collide (CVE-2026-21717): 4 MiB of them in a set take minutes. A leading letter prevents that.
 */
function keyOf(name: string): string {
  return `n${name}`;
}

/**
 * Folds case as Go does (Unicode simple folding), if the result can be ASCII: besides capital letters, the long s and
 * the Kelvin sign fold to ASCII letters.
 */
function foldCase(name: string): string {
  return name.replaceAll("\u017F", "s").toLowerCase();
}

const INTEGER = /[ \t\n\r]*(0|[1-9][0-9]{0,15})[ \t\n\r]*[,}]/y;

/** From the source: `JSON.parse` rounds, and takes 1e3 and 1.0, which Go does not, for integers. */
function checkInteger(text: string, start: number, open: Container[]): void {
  INTEGER.lastIndex = start;
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
    throw invalid(`Manifest must have a whole number up to ${Number.MAX_SAFE_INTEGER} at ${place(open)}`);
  }
}

/** Index after the string that begins at `start`; the end of the text if the string is not closed. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** The value of a string with its quotes. Only an escape can bring in a surrogate: the text is from UTF-8. */
function readString(source: string, open: Container[]): string {
  if (!source.includes("\\")) return source.slice(1, -1);
  const value = String(parse(source));
  if (!value.isWellFormed()) throw invalid(`Manifest has a lone surrogate at ${place(open)}`);
  return value;
}

/** Path of the next value, such as `layers[3].size`, shortened for error messages. */
function place(open: Container[]): string {
  const path = open.map(({ at }) => typeof at === "number" ? `[${at}]` : `.${at}`);
  return JSON.stringify(path.join("").replace(/^\./, "").slice(-256));
}

function invalid(message: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message, { cause });
}
