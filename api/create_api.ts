import { AdministrationPages } from "./administration.ts";
import type { Api, Changes, Reads } from "./api.ts";
import { TagChanges } from "./changes.ts";
import { Diffs } from "./diffs.ts";
import { Library } from "./library.ts";
import { ManifestViews } from "./manifest_views.ts";
import { describeCaller } from "./me.ts";
import type { ApiOptions, CoreOptions } from "./options.ts";
import { Referrers } from "./referrers.ts";
import { Repositories } from "./repositories.ts";
import { Search } from "./search.ts";
import { getSignatures } from "./signatures.ts";
import { TagLists } from "./tag_lists.ts";
import { getTagHistory } from "./tag_history.ts";
import { WebhookPages } from "./webhooks.ts";

/** Reads and changes over a registry. */
export function createCore(options: CoreOptions): Omit<Reads, "me"> & Changes {
  const library = new Library(options.registry, options.explorer);
  const lists = new TagLists(options, library);
  const views = new ManifestViews(options, library);
  const repositories = new Repositories(options, { library, lists, views });
  const diffs = new Diffs(library, views);
  const referrers = new Referrers(options, library, views);
  const search = new Search(options, library);
  const changes = new TagChanges(options, library);
  return {
    listRepositories: (...request) => repositories.list(...request),
    getRepository: (...request) => repositories.get(...request),
    listTags: (...request) => lists.list(...request),
    getManifest: (...request) => views.view(...request),
    getTagHistory: (...request) => getTagHistory(options, ...request),
    diff: (...request) => diffs.compare(...request),
    listReferrers: (...request) => referrers.list(...request),
    getReferrer: (...request) => referrers.get(...request),
    getSignatures: (...request) => getSignatures(options.signatures, ...request),
    search: (...request) => search.search(...request),
    moveTag: (...request) => changes.moveTag(...request),
    deleteTag: (...request) => changes.deleteTag(...request),
    deleteManifest: (...request) => changes.deleteManifest(...request),
    deleteRepository: (...request) => changes.deleteRepository(...request),
  };
}

/** The API over a registry. */
export function createApi(options: ApiOptions): Api {
  const pages = new AdministrationPages(options);
  const webhooks = new WebhookPages(options.events);
  return {
    ...createCore(options),
    me: (caller) => Promise.resolve(describeCaller(options, caller)),
    listTokens: (...request) => pages.listTokens(...request),
    listUploads: (...request) => pages.listUploads(...request),
    cancelUpload: (...request) => pages.cancelUpload(...request),
    listQuotas: (caller) => pages.listQuotas(caller),
    listStorage: (...request) => pages.listStorage(...request),
    previewCollection: (...request) => pages.previewCollection(...request),
    previewRetention: (...request) => pages.previewRetention(...request),
    explain: (...request) => pages.explain(...request),
    status: (caller) => pages.status(caller),
    listEvents: (caller) => webhooks.listEvents(caller),
    listDeadLetters: (...request) => webhooks.listDeadLetters(...request),
    retryDeadLetter: (...request) => webhooks.retryDeadLetter(...request),
    deleteDeadLetter: (...request) => webhooks.deleteDeadLetter(...request),
  };
}
