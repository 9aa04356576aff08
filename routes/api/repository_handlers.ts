import type { RepositoryApiKind } from "../endpoints.ts";
import type { Handler } from "../handler.ts";
import { parseTagCondition } from "../http/content.ts";
import { jsonAnswer } from "../http/mod.ts";
import type { ApiRouteOptions } from "./options.ts";
import { readApi } from "./read_api.ts";

/** Handlers of the API in a repository. */
export function repositoryApiHandlers(
  options: ApiRouteOptions,
): { [Kind in RepositoryApiKind]: Handler<Kind> } {
  const api = () => readApi(options);
  return {
    async getRepository({ repository }, _request, caller) {
      return jsonAnswer(await (await api()).getRepository(caller, repository));
    },
    async findTags({ repository, page, kind: _, ...rest }, _request, caller) {
      return jsonAnswer(await (await api()).listTags(caller, repository, { ...page, ...rest }));
    },
    async inspectManifest({ repository, reference, from = 0 }, _request, caller) {
      return jsonAnswer(await (await api()).getManifest(caller, repository, reference, { from }));
    },
    async getMoves({ repository, tag }, _request, caller) {
      return jsonAnswer(await (await api()).getTagHistory(caller, repository, tag));
    },
    async diffManifests({ repository, kind: _, ...request }, _request, caller) {
      return jsonAnswer(await (await api()).diff(caller, repository, request));
    },
    async findReferrers({ repository, digest, page, kind: _, ...rest }, _request, caller) {
      return jsonAnswer(await (await api()).listReferrers(caller, repository, digest, { ...page, ...rest }));
    },
    async inspectReferrer({ repository, digest }, _request, caller) {
      return jsonAnswer(await (await api()).getReferrer(caller, repository, digest));
    },
    async getSignatures({ repository, digest }, _request, caller) {
      return jsonAnswer(await (await api()).getSignatures(caller, repository, digest));
    },
    async moveTag({ repository, tag, digest, dryRun }, { headers }, caller) {
      const condition = parseTagCondition(headers);
      return jsonAnswer(await (await api()).moveTag(caller, repository, tag, digest, { dryRun, condition }));
    },
    async removeTag({ repository, tag, dryRun }, _request, caller) {
      return jsonAnswer(await (await api()).deleteTag(caller, repository, tag, { dryRun }));
    },
    async removeManifest({ repository, digest, dryRun }, _request, caller) {
      return jsonAnswer(await (await api()).deleteManifest(caller, repository, digest, { dryRun }));
    },
  };
}
