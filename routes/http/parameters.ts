import { RegistryError } from "../../oci/errors.ts";
import type { RawUrl } from "./raw_url.ts";

/** Longest query in characters: a hundred tags of full length fit. */
const MAX_QUERY_CHARACTERS = 16_384;

/** Query of a request. Unknown parameters are ignored, such as `ns`, `origin` and `class` of some clients. */
export class Parameters {
  readonly #values: URLSearchParams;

  /** The parameters of a raw query, without its `?`, or of a form in the same encoding. */
  constructor(query: string, maxLength: number = MAX_QUERY_CHARACTERS) {
    if (query.length > maxLength) {
      throw new RegistryError("UNSUPPORTED", `Query is longer than ${maxLength} characters`, {
        status: 414,
      });
    }
    this.#values = new URLSearchParams(query);
  }

  /**
   * Value of a parameter that may occur once. Rejects duplicates: a check could read one value and its action the
   * other.
   */
  one(name: string): string | undefined {
    const values = this.#values.getAll(name);
    if (values.length > 1) throw badParameter(name, "must not be repeated");
    return values[0];
  }

  /** Every value of a parameter, in their order. */
  all(name: string): string[] {
    return this.#values.getAll(name);
  }
}

const NO_PARAMETERS = new Parameters("");

/** The parameters of a URL. */
export function parametersOf({ query }: RawUrl): Parameters {
  return query === undefined ? NO_PARAMETERS : new Parameters(query);
}

/** The error for a parameter that can't be understood: the specification has no code for it. */
export function badParameter(name: string, problem: string): RegistryError {
  return new RegistryError("UNSUPPORTED", `Parameter '${name}' ${problem}`, { status: 400 });
}
