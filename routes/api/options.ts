import type { SealedApi } from "../../api/mod.ts";
import type { AdmissionOptions } from "../middleware/mod.ts";

/** Dependencies of the routes of the API. */
export interface ApiRouteOptions extends AdmissionOptions {
  /** Loads the API; the routes answer 404 without it. */
  api?: () => Promise<SealedApi>;
}
