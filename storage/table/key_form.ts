import type { Key } from "./table.ts";

/** Template of the keys of one kind of item: text with `<name>` for each variable part, as in `repo#<repository>`. */
export type KeyForm = Readonly<Key>;

/** Names of the variable parts of a template. */
export type PartName<Text extends string> = Text extends `${string}<${infer Part}>${infer Rest}`
  ? Part | PartName<Rest>
  : never;

/** Kind and parts of a key of any of these forms. `Types` maps names of parts to types; other parts are strings. */
export type ParsedKey<Forms extends Readonly<Record<string, KeyForm>>, Types = object> = {
  [Kind in keyof Forms]:
    & { kind: Kind }
    & { [Part in PartName<Forms[Kind]["pk" | "sk"]>]: Part extends keyof Types ? Types[Part] : string };
}[keyof Forms];

/**
 * Creates a parser of keys of these forms; it returns `undefined` for any other key. Parts are not validated: a missing
 * part is empty, and the last part may contain `#`. A caller that cannot trust the stored keys validates the parts.
 */
export function keyParser(
  forms: Readonly<Record<string, KeyForm>>,
): (key: Key) => { kind: string } | undefined {
  const parsers = Object.entries(forms).map(([kind, { pk, sk }]) => ({
    kind,
    pk: partsParser(pk),
    sk: partsParser(sk),
  }));
  return ({ pk, sk }) => {
    for (const parser of parsers) {
      const partition = parser.pk(pk);
      const rest = partition && parser.sk(sk);
      if (rest !== undefined) return { kind: parser.kind, ...partition, ...rest };
    }
    return undefined;
  };
}

type Parts = Record<string, string>;

/** Creates a parser of texts of this form; it returns `undefined` for a text of another form. */
function partsParser(form: string): (text: string) => Parts | undefined {
  const names = Array.from(form.matchAll(/<(\w+)>/g), ([, name]) => name!);
  if (names.length === 0) return (text) => text === form ? {} : undefined;
  const prefix = form.slice(0, form.indexOf("<"));
  return (text) => {
    if (!text.startsWith(prefix)) return undefined;
    const parts: Parts = {};
    let at = prefix.length;
    for (const [i, name] of names.entries()) {
      const separator = i === names.length - 1 ? -1 : text.indexOf("#", at);
      const end = separator === -1 ? text.length : separator;
      parts[name] = text.slice(at, end);
      at = Math.min(end + 1, text.length);
    }
    return parts;
  };
}
