import type { InnerReferrer, Referrer, ReferrerList, ReferrerView } from "../../../api/mod.ts";
import {
  Badge,
  Card,
  DigestText,
  Head,
  KindBadge,
  Note,
  Pager,
  Plain,
  plain,
  plural,
  shortDigest,
} from "./components/mod.ts";
import { SeverityBadges, summaryOf } from "./contents.tsx";
import { manifestPath, referrersPath, repositoryPath } from "./paths.ts";

/** Data of the page of referrers. */
export interface ReferrersPageProps {
  /** Referrers of this page. */
  list: ReferrerList;
  /** Contents of the first ones, by digest. */
  contents: ReadonlyMap<string, ReferrerView>;
  /** Position after which this page begins. */
  last?: string | undefined;
}

/** Page of the referrers of a digest, as a tree. */
export function ReferrersPage({ list, contents, last }: ReferrersPageProps) {
  const { name, subject, exists, referrers, next } = list;
  const short = shortDigest(subject);
  return (
    <>
      <Head
        title={
          <>
            Referrers of <code>{short}</code>
          </>
        }
        crumbs={[
          { text: "Repositories", href: "/" },
          { text: name, href: repositoryPath(name) },
          { text: short, href: manifestPath(name, subject) },
          { text: "Referrers" },
        ]}
        facts={[<DigestText digest={subject} />, `${plural(referrers.length, "referrer")} on this page`]}
      />
      {!exists && (
        <Note tone="warn">
          <p>This repository does not have the subject itself.</p>
        </Note>
      )}
      {referrers.length === 0
        ? (
          <Card title="Nothing is attached">
            <p>
              Signatures, SBOMs, attestations and reports appear here after they were pushed with this digest
              as their subject.
            </p>
          </Card>
        )
        : (
          <ul class="tree">
            {referrers.map((referrer) => (
              <li>
                <Node name={name} referrer={referrer} contents={contents} />
              </li>
            ))}
          </ul>
        )}
      <Pager
        first={last === undefined ? undefined : referrersPath(name, subject)}
        next={next === undefined ? undefined : referrersPath(name, subject, { last: next })}
      />
    </>
  );
}

/** Most inner referrers, and annotations, of one referrer that the page shows. */
const MAX_INNER = 3;
const MAX_ANNOTATIONS = 3;

function Node(
  { name, referrer, contents }: {
    name: string;
    referrer: Referrer;
    contents: ReadonlyMap<string, ReferrerView>;
  },
) {
  const inner = referrer.referrers;
  return (
    <article class="card">
      <Line name={name} referrer={referrer} />
      {contents.get(referrer.digest)?.contents.map((content) => (
        <p class="small">
          {content.type === "vulnerabilities" && content.vulnerabilities.total > 0
            ? <SeverityBadges counts={content.counts} />
            : summaryOf(content)}
        </p>
      ))}
      <AnnotationLine annotations={referrer.annotations} />
      {inner && inner.items.length > 0 && (
        <ul>
          {inner.items.slice(0, MAX_INNER).map((item) => (
            <li>
              <Line name={name} referrer={item} />
            </li>
          ))}
          {(inner.more || inner.items.length > MAX_INNER) && (
            <li>
              <a href={referrersPath(name, referrer.digest)}>All referrers of this one</a>
            </li>
          )}
        </ul>
      )}
    </article>
  );
}

function Line(
  { name, referrer: { digest, kind, artifactType, tag } }: {
    name: string;
    referrer: InnerReferrer;
  },
) {
  return (
    <div class="facts">
      <KindBadge kind={kind} type={artifactType} />
      <DigestText digest={digest} href={manifestPath(name, digest)} />
      {kind === "artifact" && artifactType && <code>{plain(artifactType, 80)}</code>}
      {tag && <Badge title="Attached by a tag and not by a subject">tag {plain(tag, 40)}</Badge>}
    </div>
  );
}

function AnnotationLine({ annotations }: { annotations: Record<string, string> }) {
  const shown = Object.entries(annotations).slice(0, MAX_ANNOTATIONS);
  if (shown.length === 0) return null;
  return (
    <p class="small muted">
      {shown.map(([key, value]) => (
        <>
          <Plain text={key} max={60} />: <Plain text={value} max={80} />
          {" "}
        </>
      ))}
    </p>
  );
}
