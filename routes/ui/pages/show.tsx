import type { ManifestView, Reads, ReferrerView, SearchPlace, SignatureView } from "../../../api/mod.ts";
import {
  ACTIONS,
  type Digest,
  parseDigest,
  parseReference,
  RegistryError,
  type RepositoryName,
} from "../../../oci/mod.ts";
import type { Caller } from "../../../registry/interface.ts";
import { badParameter, type Parameters } from "../../http/mod.ts";
import type { InRepository, PageRequest, ShowPage } from "../page_route.ts";
import type { Viewer } from "../viewer.ts";
import { DiffPage } from "./diff.tsx";
import { HistoryPage } from "./history.tsx";
import { ManifestPage } from "./manifest.tsx";
import { ReferrersPage } from "./referrers.tsx";
import { RepositoriesPage } from "./repositories.tsx";
import { RepositoryPage, TAG_ORDERS } from "./repository.tsx";
import { PLACES, SearchPage } from "./search.tsx";
import type { View } from "./view.ts";

/** Entries of a page of a list. */
const REPOSITORIES_PER_PAGE = 50;
const TAGS_PER_PAGE = 25;
const REFERRERS_PER_PAGE = 25;

/** Referrers of a page whose contents are read, each at the cost of a manifest and its first blobs. */
const READ_REFERRERS = 8;

/** Source of the data of pages. */
type LoadApi = () => Promise<Reads>;

/** `/`: the repositories, or the way to push the first image. */
export function showRepositories(load: LoadApi): ShowPage {
  return async function showRepositories({ parameters }, viewer) {
    const api = await load();
    const { q, last } = listOf(parameters);
    const list = await api.listRepositories(viewer.caller, {
      n: REPOSITORIES_PER_PAGE,
      ...defined({ q, last }),
    });
    return {
      title: "Repositories",
      body: <RepositoriesPage list={list} q={q} last={last} view={viewOf(viewer)} />,
    };
  };
}

/** `/r/<name>`: a repository with its tags. */
export function showRepository(load: LoadApi): ShowPage<InRepository<PageRequest>> {
  return async function showRepository({ repository: name, parameters }, viewer) {
    const api = await load();
    const { q, last } = listOf(parameters);
    const sort = parameters.one("sort") ?? "newest";
    if (!isTagOrder(sort)) throw badParameter("sort", "must be newest or name");
    const [repository, list] = await Promise.all([
      api.getRepository(viewer.caller, name),
      api.listTags(viewer.caller, name, { n: TAGS_PER_PAGE, sort, ...defined({ q, last }) }),
    ]);
    return {
      title: name,
      body: <RepositoryPage {...{ repository, list, q, last, sort }} view={viewOf(viewer)} />,
    };
  };
}

function isTagOrder(text: string): text is keyof typeof TAG_ORDERS {
  return Object.hasOwn(TAG_ORDERS, text);
}

/** `/r/<name>/-/at/<reference>`: an image, an index or an artifact. */
export function showManifest(load: LoadApi): ShowPage<InRepository<PageRequest>> {
  return async function showManifest({ repository, values, parameters }, viewer) {
    const api = await load();
    const reference = parseReference(values["reference"]!);
    const from = positionOf(parameters.one("from"));
    const manifest = await api.getManifest(viewer.caller, repository, reference, { from });
    const digest = parseDigest(manifest.digest);
    const [contents, signatures] = await Promise.all([
      WITHOUT_CONTENTS.has(manifest.kind) ? undefined : readReferrer(api, viewer.caller, repository, digest),
      SIGNATURE_KINDS.has(manifest.kind) ? undefined : readSignatures(api, viewer.caller, repository, digest),
    ]);
    return {
      title: `${repository}${"tag" in reference ? ":" : "@"}${values["reference"]}`,
      body: (
        <ManifestPage
          {...{ manifest, contents, signatures }}
          rights={new Set(ACTIONS.filter((action) => viewer.caller.may(action, repository)))}
          view={viewOf(viewer)}
        />
      ),
    };
  };
}

/** Signatures of a manifest; `undefined` in an app that verifies none. */
async function readSignatures(
  api: Reads,
  caller: Caller,
  repository: RepositoryName,
  digest: Digest,
): Promise<SignatureView | undefined> {
  try {
    return await api.getSignatures(caller, repository, digest);
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

/** Kinds that are signatures themselves. */
const SIGNATURE_KINDS: ReadonlySet<ManifestView["kind"]> = new Set([
  "cosign-signature",
  "sigstore-bundle",
  "notation-signature",
]);

/** Kinds whose page shows no contents, because it shows the config or the chart. */
const WITHOUT_CONTENTS: ReadonlySet<ManifestView["kind"]> = new Set([
  "image",
  "index",
  "helm-chart",
  "build-cache",
  "model",
  "wasm",
]);

/** `/r/<name>/-/diff`: the form, and the comparison once both are chosen. */
export function showDiff(load: LoadApi): ShowPage<InRepository<PageRequest>> {
  return async function showDiff({ repository, parameters }, viewer) {
    const api = await load();
    const [from = "", to = ""] = [parameters.one("from")?.trim(), parameters.one("to")?.trim()];
    const diff = from === "" || to === "" ? undefined : await api.diff(viewer.caller, repository, {
      from: parseReference(from),
      to: parseReference(to),
    });
    return {
      title: `Compare ${repository}`,
      body: <DiffPage name={repository} {...{ diff, from, to }} view={viewOf(viewer)} />,
    };
  };
}

/** `/r/<name>/-/history?tag=`: the moves of a tag. */
export function showHistory(load: LoadApi): ShowPage<InRepository<PageRequest>> {
  return async function showHistory({ repository, parameters }, viewer) {
    const api = await load();
    const reference = parseReference(parameters.one("tag") ?? "");
    if (!("tag" in reference)) throw badParameter("tag", "must be a tag");
    const { tag } = reference;
    const history = await api.getTagHistory(viewer.caller, repository, tag);
    return {
      title: `History of ${repository}:${tag}`,
      body: (
        <HistoryPage
          history={history}
          mayMove={viewer.caller.may("overwrite", repository)}
          view={viewOf(viewer)}
        />
      ),
    };
  };
}

/** `/r/<name>/-/referrers/<digest>`: the referrers of a digest, with the contents of the first ones. */
export function showReferrers(load: LoadApi): ShowPage<InRepository<PageRequest>> {
  return async function showReferrers({ repository, values, parameters }, { caller }) {
    const api = await load();
    const { last } = listOf(parameters);
    const subject = parseDigest(values["digest"]!);
    const list = await api.listReferrers(caller, repository, subject, {
      n: REFERRERS_PER_PAGE,
      ...defined({ last }),
    });
    const read = await Promise.all(
      list.referrers.slice(0, READ_REFERRERS).map(({ digest }) =>
        readReferrer(api, caller, repository, digest)
      ),
    );
    const contents = new Map(read.filter((view) => view !== undefined).map((view) => [view.digest, view]));
    return {
      title: `Referrers in ${repository}`,
      body: <ReferrersPage list={list} contents={contents} last={last} />,
    };
  };
}

/** A referrer with its contents; `undefined` if it has been deleted since it was listed. */
async function readReferrer(
  api: Reads,
  caller: Viewer["caller"],
  repository: InRepository<PageRequest>["repository"],
  digest: string,
): Promise<ReferrerView | undefined> {
  try {
    return await api.getReferrer(caller, repository, parseDigest(digest));
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

/** `/search?q=`: a search, by default over names, tags and digests. */
export function showSearch(load: LoadApi): ShowPage {
  return async function showSearch({ parameters }, { caller }) {
    const api = await load();
    const { q = "", last } = listOf(parameters);
    const chosen = parameters.all("in").filter((place): place is SearchPlace => Object.hasOwn(PLACES, place));
    const places: SearchPlace[] = chosen.length > 0 ? chosen : ["repository", "tag", "digest"];
    const result = q === "" ? undefined : await api.search(caller, { q, places, ...defined({ last }) });
    return {
      title: q === "" ? "Search" : `Search for ${q}`,
      body: <SearchPage {...{ q, places, result, last }} />,
    };
  };
}

/** Filter and position of a list; an empty filter is none. */
function listOf(parameters: Parameters): { q: string | undefined; last: string | undefined } {
  const q = parameters.one("q")?.trim();
  return { q: q === "" ? undefined : q, last: parameters.one("last") };
}

function positionOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,6}$/.test(text)) throw badParameter("from", "must be a number");
  return Number(text);
}

/** The values that are not `undefined`. */
function defined<T extends Record<string, string | undefined>>(values: T): { [Name in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: string;
  };
}

function viewOf({ host, account, canLogIn }: Viewer): View {
  return { now: Date.now(), host, loginRequired: canLogIn && account === undefined };
}
