import type { Api } from "./api.ts";

/**
 * The API, without its type. The types of its answers follow from their schemas, which no package may have in its
 * public interface: so the options of an app have this one.
 */
export interface SealedApi {
  /** Tells it from other objects. */
  readonly kind: "api";
}

/** Sealed API, of which {@linkcode openApi} answers the API. */
class Sealed implements SealedApi {
  readonly kind = "api";
  readonly api: Api;

  constructor(api: Api) {
    this.api = api;
  }
}

/** Seals an API. */
export function sealApi(api: Api): SealedApi {
  return new Sealed(api);
}

/**
 * The API.
 *
 * @throws {TypeError} if it was not sealed by {@linkcode sealApi}.
 */
export function openApi(sealed: SealedApi): Api {
  if (sealed instanceof Sealed) return sealed.api;
  throw new TypeError("Not an API");
}
