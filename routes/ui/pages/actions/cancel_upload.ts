import type { FormRequest, ShowPage } from "../../page_route.ts";
import type { LoadAdministration } from "./load_changes.ts";

/** `POST /admin/uploads/cancel`: cancels an upload of any account. */
export function cancelUpload(load: LoadAdministration): ShowPage<FormRequest> {
  return async function cancelUpload({ form }, { caller }) {
    await (await load()).cancelUpload(caller, form.one("id") ?? "");
    return { location: "/admin/uploads" };
  };
}
