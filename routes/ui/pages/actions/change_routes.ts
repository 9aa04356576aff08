import type { Administration, Changes } from "../../../../api/mod.ts";
import { formAt, type PageRoute, repositoryFormAt, repositoryPageAt } from "../../page_route.ts";
import { cancelUpload } from "./cancel_upload.ts";
import { deleteContent, showDelete } from "./delete.tsx";
import { moveTag, showMove } from "./move.tsx";

/** Pages and forms of changes. The API checks the right to each change. */
export function changeRoutes(
  load: () => Promise<Changes & Pick<Administration, "cancelUpload">>,
): PageRoute[] {
  return [
    repositoryPageAt("/r/<name>/-/move", showMove(load)),
    repositoryFormAt("/r/<name>/-/move", moveTag(load)),
    repositoryPageAt("/r/<name>/-/delete", showDelete(load)),
    repositoryFormAt("/r/<name>/-/delete", deleteContent(load)),
    formAt("/admin/uploads/cancel", cancelUpload(load)),
  ];
}
