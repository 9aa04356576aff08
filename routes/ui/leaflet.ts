import type { Answer } from "../http/mod.ts";
import { VIEWER_HEADERS } from "./page.tsx";
import type { Viewer } from "./viewer.ts";

/** True if the client accepts HTML by name, as browsers do. Command line clients accept everything. */
export function wantsHtml({ headers }: Request): boolean {
  return /\btext\/html\b/i.test(headers.get("Accept") ?? "");
}

/** `/` for clients such as curl: the commands to push and pull, as text. */
export function leaflet({ host }: Pick<Viewer, "host">): Answer {
  const text = `Skerry: a registry for container images and other OCI artifacts

Log in, if required:  docker login ${host}
Push:                 docker tag IMAGE ${host}/NAME:TAG
                      docker push ${host}/NAME:TAG
Pull:                 docker pull ${host}/NAME:TAG
List repositories:    GET /v2/_catalog
Web UI:               open this address in a browser
`;
  return {
    status: 200,
    headers: { ...VIEWER_HEADERS, "Content-Type": "text/plain; charset=utf-8", Vary: "Accept" },
    body: new TextEncoder().encode(text),
  };
}
