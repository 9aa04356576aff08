import { type ArtifactKind, KIND_NAMES, type Platform } from "../../../../api/mod.ts";
import { Badge } from "./frame.tsx";
import { plain } from "./text.ts";

/** Name of a kind of artifacts. */
export function kindName(kind: ArtifactKind): string {
  return KIND_NAMES[kind];
}

/** Kind of an artifact as a label; its artifact type is the tooltip. */
export function KindBadge({ kind, type }: { kind: ArtifactKind; type?: string | undefined }) {
  return (
    <Badge tone="tint" {...(type === undefined ? {} : { title: plain(type, 200) })}>{kindName(kind)}</Badge>
  );
}

/** Platform as clients write it, such as `linux/arm64/v8`. */
export function platformText({ os, architecture, variant, osVersion }: Platform): string {
  const parts = [os, architecture, variant].filter((part) => part !== undefined && part !== "");
  return plain(parts.join("/") + (osVersion ? ` ${osVersion}` : ""), 60);
}

/** Most platforms that a row of a table names. */
const MAX_PLATFORMS = 4;

/** Platforms as text, the first few of many. */
export function Platforms({ platforms }: { platforms: Platform[] }) {
  const known = platforms.filter(({ os }) => os !== "unknown").map(platformText);
  if (known.length === 0) return null;
  const rest = known.length - MAX_PLATFORMS;
  return (
    <span class="platforms" {...(rest > 0 ? { title: known.join(", ") } : {})}>
      {known.slice(0, MAX_PLATFORMS).join(", ")}
      {rest > 0 && ` and ${rest} more`}
    </span>
  );
}
