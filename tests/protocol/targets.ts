import { ENDPOINTS } from "../../routes/testing/parts.ts";
import type { RouteKind } from "../../routes/mod.ts";
import { EMPTY_DESCRIPTOR, imageOf } from "../harness/content.ts";

/** A request for an endpoint. */
export interface Target {
  kind: RouteKind;
  method: string;
  path: string;
}

/** Targets of every endpoint in a repository, with the methods that it has. */
export function targetsIn(repository: string, upload = "0123456789abcdef"): Target[] {
  const { digest } = imageOf(repository);
  return Object.entries(ENDPOINTS).flatMap(([kind, rows]) =>
    rows.flatMap(([, methods, target]) =>
      methods.split(", ").map((method) => ({
        kind: kind as RouteKind,
        method,
        path: target
          .replace("/blobs/<digest>", `/blobs/${EMPTY_DESCRIPTOR.digest}`)
          .replace("<tag or digest>", "latest")
          .replace("?tag=<tag>", "?tag=latest")
          .replaceAll("<digest>", digest)
          .replaceAll("<name>", repository)
          .replace("/uploads/<id>", `/uploads/${upload}`)
          .replace("/tokens/<id>", "/tokens/0123456789abcdef")
          .replace(/\?(n|artifactType)=.*$/, ""),
      }))
    )
  );
}
