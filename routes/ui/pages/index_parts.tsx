import type { Child, ManifestView } from "../../../api/mod.ts";
import { Badge, Card, DigestText, KindBadge, Pager, platformText, Size } from "./components/mod.ts";
import { manifestPath } from "./paths.ts";

/** Children of an index as a table of platforms; attestations stand with the platform that they belong to. */
export function IndexParts({ manifest }: { manifest: ManifestView }) {
  const { name, reference, children, parts } = manifest;
  const attestations = Map.groupBy(children, ({ attests }) => attests);
  const own = new Set(children.map(({ digest }) => digest));
  const rows = children.filter(({ attests }) => attests === undefined || !own.has(attests));
  const next = parts.from + children.length < parts.total ? String(parts.from + children.length) : undefined;
  return (
    <Card title={`Platforms (${rows.length})`} flush>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Platform</th>
            <th scope="col" class="end">Size</th>
            <th scope="col">Digest</th>
            <th scope="col">Attestations</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((child) => (
            <Row name={name} child={child} attestations={attestations.get(child.digest) ?? []} />
          ))}
        </tbody>
      </table>
      {(next !== undefined || parts.from > 0) && (
        <div class="pad">
          <Pager
            first={parts.from > 0 ? manifestPath(name, reference) : undefined}
            next={next && manifestPath(name, reference, { from: next })}
            shown={`${parts.from + 1} to ${parts.from + children.length} of ${parts.total}`}
          />
        </div>
      )}
    </Card>
  );
}

function Row({ name, child, attestations }: { name: string; child: Child; attestations: Child[] }) {
  const { digest, platform, kind, artifactType, size, manifestSize, exists } = child;
  return (
    <tr>
      <th scope="row">
        <a href={manifestPath(name, digest)}>
          {platform && platform.os !== "unknown"
            ? platformText(platform)
            : <KindBadge kind={kind} type={artifactType} />}
        </a>{" "}
        {exists === false && <Badge tone="bad">missing</Badge>}
      </th>
      <td class="end">
        <Size bytes={size ?? manifestSize} />
      </td>
      <td>
        <DigestText digest={digest} />
      </td>
      <td>
        {attestations.map(({ digest }) => (
          <DigestText digest={digest} href={manifestPath(name, digest)} copy={false} />
        ))}
      </td>
    </tr>
  );
}
