import type { RepositoryName } from "../oci/mod.ts";
import { type Caller, type Deleter, type Lister, UNRESTRICTED_CALLER } from "../registry/interface.ts";
import { jsonAnswer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** The extensions that this registry has, as distribution-spec's `extensions/_oci.md` describes them. */
const REGISTRY_EXTENSIONS = [
  {
    name: "_oci",
    description: "Discovery of the extensions of this registry and of its repositories",
    url: "https://github.com/opencontainers/distribution-spec/blob/main/extensions/_oci.md",
    endpoints: ["_oci/ext/discover"],
  },
];

/** Extensions of a repository; the paths in `endpoints` follow its name. */
const REPOSITORY_EXTENSIONS = [
  ...REGISTRY_EXTENSIONS,
  {
    name: "_skerry",
    description:
      "The last moves of a tag: _skerry/tags/history?tag=<tag>; DELETE of the whole repository: _skerry/repository",
    url: "https://github.com/opencontainers/distribution-spec/blob/main/extensions/README.md",
    endpoints: ["_skerry/tags/history", "_skerry/repository"],
  },
];

/** `_oci/ext/discover`, of the registry or of one repository. */
export function discoverExtensions(): Handler<"discover"> {
  return function discoverExtensions({ repository }) {
    return jsonAnswer({
      extensions: repository === undefined ? REGISTRY_EXTENSIONS : REPOSITORY_EXTENSIONS,
    });
  };
}

/**
 * `_skerry/tags/history?tag=`: past targets of the tag, newest first, with the time of each move in RFC 3339. Names of
 * users are shown only to callers that may change the repository.
 */
export function getTagHistory(registry: Pick<Lister, "getTagHistory">): Handler<"getTagHistory"> {
  return async function getTagHistory({ repository, tag }, _request, caller) {
    const moves = await registry.getTagHistory(repository, tag);
    const isNamed = seesNames(caller, repository);
    const history = moves.map(({ at, by, ...move }) => ({
      ...move,
      ...(isNamed && { by }),
      at: new Date(at).toISOString(),
    }));
    return jsonAnswer({ name: repository, tag, moves: history });
  };
}

/** Rights that allow seeing the principals of pushes. */
const CHANGES = ["push", "overwrite", "delete", "administer"] as const;

function seesNames(caller: Caller, repository: RepositoryName): boolean {
  return caller.name !== UNRESTRICTED_CALLER.name && CHANGES.some((action) => caller.may(action, repository));
}

/** DELETE of `_skerry/repository`: all that the repository has. */
export function deleteRepository(
  registry: Pick<Deleter, "deleteRepository">,
): Handler<"deleteRepository"> {
  return async function deleteRepository({ repository, dryRun = false }, _request, { changed }) {
    if (dryRun) {
      const removal = await registry.deleteRepository(repository, { dryRun });
      return jsonAnswer({ name: repository, dryRun, ...removal });
    }
    await registry.deleteRepository(repository, changed && { changed });
    return { status: 202, headers: {} };
  };
}
