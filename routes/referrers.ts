import { OCI_INDEX } from "../oci/mod.ts";
import type { Lister } from "../registry/interface.ts";
import { nextLink } from "./http/content.ts";
import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/**
 * end-12: the manifests that refer to a digest, as an image index. Empty without any, or without the repository:
 * clients take a 404 for a registry without this endpoint.
 */
export function listReferrers(registry: Pick<Lister, "listReferrers">): Handler<"listReferrers"> {
  return async function listReferrers({ repository, subject, artifactTypes, after }, { signal }) {
    const { items, next } = await registry.listReferrers(repository, subject, {
      artifactTypes,
      signal,
      ...(after === undefined ? {} : { after }),
    });
    const link = next === undefined ? {} : nextLink(`/v2/${repository}/referrers/${subject}`, [
      ...artifactTypes.map((type): [string, string] => ["artifactType", type]),
      ["last", next],
    ]);
    const filters = artifactTypes.length === 0 ? {} : { "OCI-Filters-Applied": "artifactType" };
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: items };
    return jsonAnswer(index, { "Content-Type": OCI_INDEX, ...filters, ...link });
  };
}
