import type { EventQueue, UiOptions } from "../../options.ts";
import { type FormRequest, noSuchPage, type PageRoute, type ShowPage } from "../../page_route.ts";
import { WebhooksPage } from "./webhooks.tsx";

/** Rows of each list. */
const ROWS = 50;

/** `/admin/webhooks`; 404 in an app that delivers no events. */
export function webhookRoute(events: UiOptions["events"]): PageRoute {
  const load = async () => {
    if (events === undefined) throw noSuchPage();
    return await events();
  };
  return { path: "/admin/webhooks", show: showWebhooks(load), act: changeLetter(load) };
}

function showWebhooks(load: () => Promise<EventQueue>): ShowPage {
  return async function showWebhooks({ parameters }) {
    const events = await load();
    const last = parameters.one("last");
    const [pending, letters] = await Promise.all([
      events.pending({ limit: ROWS }),
      events.deadLetters({ limit: ROWS, ...(last !== undefined && { after: last }) }),
    ]);
    const lists = { pending: pending.slice(0, ROWS), letters: letters.items, last, next: letters.next };
    return { title: "Webhooks", body: <WebhooksPage {...lists} now={Date.now()} /> };
  };
}

/** `POST /admin/webhooks`: sends a dead letter again, or deletes it. */
function changeLetter(load: () => Promise<EventQueue>): ShowPage<FormRequest> {
  return async function changeLetter({ form }, { caller }) {
    const events = await load();
    const id = form.one("id") ?? "";
    const change = form.one("do");
    const letter = change === "retry"
      ? await events.retry(id)
      : change === "drop"
      ? await events.drop(id)
      : undefined;
    if (letter === undefined) throw noSuchPage();
    const action = change === "retry" ? "event.retry" : "event.drop";
    caller.changed?.({ action, webhook: letter.receiver, letter: id });
    return { location: "/admin/webhooks" };
  };
}
