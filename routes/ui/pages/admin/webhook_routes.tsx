import type { Webhooks } from "../../../../api/mod.ts";
import { type FormRequest, noSuchPage, type PageRoute, type ShowPage } from "../../page_route.ts";
import { WebhooksPage } from "./webhooks.tsx";

/** Rows of each list. */
const ROWS = 50;

type LoadWebhooks = () => Promise<Webhooks>;

/** `/admin/webhooks`; 404 in an app that delivers no events. */
export function webhookRoute(load: LoadWebhooks): PageRoute {
  return { path: "/admin/webhooks", show: showWebhooks(load), act: changeLetter(load) };
}

function showWebhooks(load: LoadWebhooks): ShowPage {
  return async function showWebhooks({ parameters }, { caller }) {
    const api = await load();
    const last = parameters.one("last");
    const page = { n: ROWS, ...(last !== undefined && { last }) };
    const [{ events }, { letters, next }] = await Promise.all([
      api.listEvents(caller),
      api.listDeadLetters(caller, page),
    ]);
    const lists = { pending: events.slice(0, ROWS), letters, last, next };
    return { title: "Webhooks", body: <WebhooksPage {...lists} now={Date.now()} /> };
  };
}

/** `POST /admin/webhooks`: sends a dead letter again, or deletes it. */
function changeLetter(load: LoadWebhooks): ShowPage<FormRequest> {
  return async function changeLetter({ form }, { caller }) {
    const api = await load();
    const id = form.one("id") ?? "";
    const change = form.one("do");
    if (change === "retry") await api.retryDeadLetter(caller, id);
    else if (change === "drop") await api.deleteDeadLetter(caller, id);
    else throw noSuchPage();
    return { location: "/admin/webhooks" };
  };
}
