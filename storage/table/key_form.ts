import type { Key } from "./table.ts";

/** Form of the keys of one kind of item: text with named parts between `#`, as in `repo#<repository>`. */
export type KeyForm = Readonly<Key>;

/** Names of the parts of a form. */
export type PartOf<Text extends string> = Text extends `${string}<${infer Part}>${infer Rest}`
  ? Part | PartOf<Rest>
  : never;

/** Kind and parts of a key, for each of the forms. A part has the type that `Types` gives its name, or is text. */
export type KeyOf<Forms extends Readonly<Record<string, KeyForm>>, Types = object> = {
  [Kind in keyof Forms]:
    & { kind: Kind }
    & { [Part in PartOf<Forms[Kind]["pk" | "sk"]>]: Part extends keyof Types ? Types[Part] : string };
}[keyof Forms];

/**
 * Parser of the keys of these forms; `undefined` for any other key. Parts are taken as they are written: a missing one
 * is empty, and the last one may contain `#`. A reader that cannot rely on what was written checks them.
 */
export function keyParser(
  forms: Readonly<Record<string, KeyForm>>,
): (key: Key) => { kind: string } | undefined {
  const readers = Object.entries(forms).map(([kind, { pk, sk }]) => ({
    kind,
    pk: readerOf(pk),
    sk: readerOf(sk),
  }));
  return ({ pk, sk }) => {
    for (const reader of readers) {
      const partition = reader.pk(pk);
      const rest = partition && reader.sk(sk);
      if (rest !== undefined) return { kind: reader.kind, ...partition, ...rest };
    }
    return undefined;
  };
}

type Parts = Record<string, string>;

/** Reads the parts of a text of this form; `undefined` if the text has another form. */
function readerOf(form: string): (text: string) => Parts | undefined {
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
