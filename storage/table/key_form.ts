import type { Key } from "./table.ts";

/** Template of the keys of one kind of item: text with `<name>` for each variable part, as in `repo#<repository>`. */
export type KeyForm = Readonly<Key>;

/** Names of the variable parts of a template. */
export type PartName<Text extends string> = Text extends `${string}<${infer Part}>${infer Rest}`
  ? Part | PartName<Rest>
  : never;

/** Values of the variable parts of a template. `Types` maps names of parts to types; other parts are strings. */
export type KeyParts<Text extends string, Types = object> = {
  [Part in PartName<Text>]: Part extends keyof Types ? Types[Part] : string;
};

/** Kind and parts of a key of any of these forms. `Types` maps names of parts to types; other parts are strings. */
export type ParsedKey<Forms extends Readonly<Record<string, KeyForm>>, Types = object> = {
  [Kind in keyof Forms]:
    & { kind: Kind }
    & KeyParts<Forms[Kind]["pk" | "sk"], Types>;
}[keyof Forms];

/** Key of this form with these parts. Only the last part of a text may contain `#`. */
export function keyFrom<Form extends KeyForm>({ pk, sk }: Form, parts: KeyParts<Form["pk" | "sk"]>): Key {
  return { pk: startOf(pk, parts), sk: startOf(sk, parts) };
}

/** Partition key, or sort key, of this form with these parts. */
export function keyText<Text extends string>(form: Text, parts: KeyParts<Text>): string {
  return startOf(form, parts);
}

/** Start of every text of this form that has these parts: all before the first part that is not given. */
export function keyStart<Text extends string>(
  form: Text,
  parts: { [Part in PartName<Text>]?: string | undefined } = {},
): string {
  return startOf(form, parts);
}

function startOf(form: string, parts: Readonly<Record<string, string | undefined>>): string {
  const { first, rest } = piecesOf(form);
  let start = first;
  for (const { name, text } of rest) {
    const value = parts[name];
    if (value === undefined) break;
    start += value + text;
  }
  return start;
}

/** The text before the first variable part of a form; and each part, with the text between it and the next one. */
interface Pieces {
  first: string;
  rest: { name: string; text: string }[];
}

const known = new Map<string, Pieces>();

/** Pieces of a form. Forms are few and keys are many, so each form is taken apart once. */
function piecesOf(form: string): Pieces {
  let pieces = known.get(form);
  if (pieces === undefined) known.set(form, pieces = takeApart(form));
  return pieces;
}

function takeApart(form: string): Pieces {
  const [first = "", ...others] = form.split(/<(\w+)>/);
  const rest = Array.from(
    { length: others.length / 2 },
    (_, i) => ({ name: others[2 * i]!, text: others[2 * i + 1]! }),
  );
  return { first, rest };
}

/**
 * Creates a parser of keys of these forms; it returns `undefined` for any other key. Parts are not validated: a missing
 * part is empty, and the last part may contain `#`. A caller that cannot trust the stored keys validates the parts.
 */
export function keyParser<Forms extends Readonly<Record<string, KeyForm>>>(
  forms: Forms,
): (key: Key) => ParsedKey<Forms> | undefined {
  const parsers = Object.entries(forms).map(([kind, { pk, sk }]) => ({
    kind,
    pk: partsParser(pk),
    sk: partsParser(sk),
  }));
  return ({ pk, sk }) => {
    for (const parser of parsers) {
      const partition = parser.pk(pk);
      const rest = partition && parser.sk(sk);
      if (rest !== undefined) return { kind: parser.kind, ...partition, ...rest } as ParsedKey<Forms>;
    }
    return undefined;
  };
}

type Parts = Record<string, string>;

/** Creates a parser of texts of this form; it returns `undefined` for a text of another form. */
function partsParser(form: string): (text: string) => Parts | undefined {
  const { first, rest } = piecesOf(form);
  if (rest.length === 0) return (text) => text === form ? {} : undefined;
  return (text) => {
    if (!text.startsWith(first)) return undefined;
    const parts: Parts = {};
    let at = first.length;
    for (const [i, { name }] of rest.entries()) {
      const separator = i === rest.length - 1 ? -1 : text.indexOf("#", at);
      const end = separator === -1 ? text.length : separator;
      parts[name] = text.slice(at, end);
      at = Math.min(end + 1, text.length);
    }
    return parts;
  };
}
