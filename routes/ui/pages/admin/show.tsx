import type { Administration } from "../../../../api/mod.ts";
import { parseRepositoryName } from "../../../../oci/mod.ts";
import { badParameter, type Parameters } from "../../../http/mod.ts";
import type { ShowPage } from "../../page_route.ts";
import { ACTIONS, isPolicyAction, PolicyPage } from "./policy.tsx";
import { StatusPage } from "./status.tsx";
import { QuotasPage, StoragePage } from "./storage.tsx";
import { CollectionPage, RetentionPage, UploadsPage } from "./upkeep.tsx";

/** Source of the data of these pages. */
type LoadApi = () => Promise<Administration>;

/** Rows of a page of uploads. */
const UPLOADS_PER_PAGE = 50;

/** `/admin`: the state of the process and of its background work. */
export function showStatus(load: LoadApi): ShowPage {
  return async function showStatus(_request, { caller }) {
    const status = await (await load()).status(caller);
    return { title: "Administration", body: <StatusPage status={status} now={Date.now()} /> };
  };
}

/** `/admin/storage`: bytes of each repository. */
export function showStorage(load: LoadApi): ShowPage {
  return async function showStorage({ parameters }, { caller }) {
    const step = stepOf(parameters);
    const list = await (await load()).listStorage(caller, step);
    return { title: "Storage", body: <StoragePage list={list} last={step.last} /> };
  };
}

/** `/admin/quotas`: quotas and their use. */
export function showQuotas(load: LoadApi): ShowPage {
  return async function showQuotas(_request, { caller }) {
    const list = await (await load()).listQuotas(caller);
    return { title: "Quotas", body: <QuotasPage list={list} /> };
  };
}

/** `/admin/uploads`: open uploads. */
export function showUploads(load: LoadApi): ShowPage {
  return async function showUploads({ parameters }, { caller }) {
    const step = stepOf(parameters);
    const list = await (await load()).listUploads(caller, { n: UPLOADS_PER_PAGE, ...step });
    return { title: "Uploads", body: <UploadsPage list={list} last={step.last} now={Date.now()} /> };
  };
}

/** `/admin/collection`: garbage that a full pass would remove. */
export function showCollection(load: LoadApi): ShowPage {
  return async function showCollection({ parameters }, { caller }) {
    const step = stepOf(parameters);
    const preview = await (await load()).previewCollection(caller, step);
    return { title: "Garbage collection", body: <CollectionPage preview={preview} last={step.last} /> };
  };
}

/** `/admin/retention?repository=`: tags and manifests that retention would remove. */
export function showRetention(load: LoadApi): ShowPage {
  return async function showRetention({ parameters }, { caller }) {
    const name = parameters.one("repository")?.trim() ?? "";
    const preview = name === ""
      ? undefined
      : await (await load()).previewRetention(caller, parseRepositoryName(name));
    return { title: "Retention", body: <RetentionPage name={name} preview={preview} /> };
  };
}

/** `/admin/policy?who=&action=&repository=`: a decision of the policies with its reasons. */
export function showPolicy(load: LoadApi): ShowPage {
  return async function showPolicy({ parameters }, { caller }) {
    const [who, repository] = [
      parameters.one("who")?.trim() ?? "",
      parameters.one("repository")?.trim() ?? "",
    ];
    const action = parameters.one("action") ?? ACTIONS[0];
    if (!isPolicyAction(action)) throw badParameter("action", `must be one of ${ACTIONS.join(", ")}`);
    const question = { who, action, repository };
    const explanation = who === "" || repository === ""
      ? undefined
      : await (await load()).explain(caller, { who, action, repository: parseRepositoryName(repository) });
    return { title: "Policies", body: <PolicyPage form={question} explanation={explanation} /> };
  };
}

function stepOf(parameters: Parameters): { last?: string } {
  const last = parameters.one("last");
  return last === undefined ? {} : { last };
}
