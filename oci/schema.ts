/**
 * Schemas of values from JSON or YAML. They load no library: one takes 16 ms of CPU time, and every start with `auth`
 * reads a configuration.
 *
 * @module
 */

/** Problem of a value. */
export interface Issue {
  /** Path of the value from the root of the document. */
  path: (string | number)[];
  /** Description of the problem. */
  message: string;
}

/** Place of a value in a document whose issues are collected. */
export class Place {
  /** Issues of the whole document so far. */
  readonly issues: Issue[];
  readonly #path: readonly (string | number)[];

  /** By default the root of a document without issues. */
  constructor(path: readonly (string | number)[] = [], issues: Issue[] = []) {
    this.#path = path;
    this.issues = issues;
  }

  /** Place of an entry or a field of this value. */
  at(key: string | number): Place {
    return new Place([...this.#path, key], this.issues);
  }

  /** Adds an issue of this value. Returns the result of a schema that refuses it. */
  refuse(message: string): undefined {
    this.issues.push({ path: [...this.#path], message });
  }
}

/** Reads a value, `undefined` if it is absent. Returns `undefined` after it has added an issue. */
export type Schema<T> = (input: unknown, place: Place) => T | undefined;

/** Result of {@linkcode parse}: the data, or the issues. */
export type Parsed<T> = { data: T; issues: [] } | { data?: undefined; issues: Issue[] };

/** Reads a document by its schema. */
export function parse<T>(schema: Schema<T>, input: unknown): Parsed<T> {
  const place = new Place();
  const data = schema(input, place);
  return place.issues.length > 0 ? { issues: place.issues } : { data: data as T, issues: [] };
}

/** Message with the expected and the actual value. */
export function mismatch(what: string, input: unknown): string {
  const text = JSON.stringify(input) ?? "nothing";
  return `Expected ${what}, got ${text.length > 80 ? `${text.slice(0, 80)}...` : text}`;
}

/** Text that passes a test. */
export function text(what: string, test: (text: string) => boolean): Schema<string> {
  return (input, place) =>
    typeof input === "string" && test(input) ? input : place.refuse(mismatch(what, input));
}

/** Safe integer from `min` to `max`. */
export function integer(min: number, max: number): Schema<number> {
  return (input, place) =>
    Number.isSafeInteger(input) && Number(input) >= min && Number(input) <= max
      ? Number(input)
      : place.refuse(mismatch(`a whole number from ${min} to ${max}`, input));
}

/** One of fixed words. */
export function word<W extends string>(words: readonly W[], what: string): Schema<W> {
  return (input, place) => words.find((word) => word === input) ?? place.refuse(mismatch(what, input));
}

/** Messages about a list, and its limits. */
export interface ListOptions {
  /** Completes "Expected ...". */
  what: string;
  /** Minimum number of entries, and the message about a shorter list, by default with the list. */
  min?: [count: number, message?: string];
  /** Maximum number of entries, and the message about a longer list, by default with the list. */
  max?: [count: number, message?: string];
}

/** List of entries with one schema. */
export function list<T>(entry: Schema<T>, { what, min = [0], max = [Infinity] }: ListOptions): Schema<T[]> {
  return (input, place) => {
    if (!Array.isArray(input)) return place.refuse(mismatch(what, input));
    const [least, tooFew] = min;
    if (input.length < least) return place.refuse(tooFew ?? mismatch(what, input));
    const [most, tooMany] = max;
    if (input.length > most) return place.refuse(tooMany ?? mismatch(what, input));
    return input.map((value, index) => entry(value, place.at(index)) as T);
  };
}

/** Schema of each field. An absent optional field is read as `undefined`. */
export type Fields<T> = { readonly [Key in keyof T]-?: Schema<T[Key]> };

/** Map with these fields and no others. */
export function fields<T extends object>(what: string, fields: Fields<T>): Schema<T> {
  const known = knownFields(what, fields);
  return (input, place) => {
    const before = place.issues.length;
    const values = known(input, place);
    for (const key of isMap(input) ? Object.keys(input) : []) {
      if (!Object.hasOwn(fields, key)) place.at(key).refuse("No such setting");
    }
    return place.issues.length > before ? undefined : values;
  };
}

/** Map with these fields. Others are left out. */
export function knownFields<T extends object>(what: string, fields: Fields<T>): Schema<T> {
  return (input, place) => {
    if (!isMap(input)) return place.refuse(mismatch(what, input));
    const before = place.issues.length;
    const values = Object.entries<Schema<unknown>>(fields).map(([key, schema]) =>
      [key, schema(Object.hasOwn(input, key) ? input[key] : undefined, place.at(key))] as const
    );
    if (place.issues.length > before) return undefined;
    return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as T;
  };
}

/** True for a map of JSON or YAML. */
export function isMap(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** Field that may be absent. */
export function optional<T>(schema: Schema<T>): Schema<T> {
  return (input, place) => input === undefined ? undefined : schema(input, place);
}

/** Field that is read as `fallback` if it is absent. */
export function defaulting<T>(schema: Schema<T>, fallback: unknown): Schema<T> {
  return (input, place) => schema(input === undefined ? fallback : input, place);
}

/** Valid value that another function reads further. */
export function then<T, U>(schema: Schema<T>, next: (value: T, place: Place) => U | undefined): Schema<U> {
  return (input, place) => {
    const before = place.issues.length;
    const value = schema(input, place);
    return place.issues.length > before ? undefined : next(value as T, place);
  };
}
