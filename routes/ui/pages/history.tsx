import type { TagHistory } from "../../../api/mod.ts";
import { Age, Badge, By, Card, DigestText, Head, shortDigest } from "./components/mod.ts";
import { diffPath, manifestPath, movePath, repositoryPath } from "./paths.ts";
import type { View } from "./view.ts";

/** Data of the page of a tag's moves. */
export interface HistoryPageProps {
  /** The tag and its moves, newest first. */
  history: TagHistory;
  /** True if the viewer may move the tag. */
  mayMove: boolean;
  /** Values besides the data. */
  view: View;
}

/** Page of the moves of a tag, from which it can be moved back. */
export function HistoryPage({ history: { name, tag, moves }, mayMove, view }: HistoryPageProps) {
  return (
    <>
      <Head
        title={
          <>
            History of <span class="muted">{name.slice(name.lastIndexOf("/") + 1)}:</span>
            {tag}
          </>
        }
        crumbs={[
          { text: "Repositories", href: "/" },
          { text: name, href: repositoryPath(name) },
          { text: tag, href: manifestPath(name, tag) },
          { text: "History" },
        ]}
      />
      <Card>
        <ol class="track">
          {moves.map(({ digest, at, by, exists }, index) => {
            const earlier = moves[index + 1];
            return (
              <li {...(index === 0 ? { class: "now" } : {})}>
                <div class="facts">
                  <DigestText digest={digest} {...(exists ? { href: manifestPath(name, digest) } : {})} />
                  {index === 0 && <Badge tone="good">now</Badge>}
                  {!exists && <Badge tone="bad">deleted</Badge>}
                </div>
                <div class="facts">
                  <span>
                    <Age at={Date.parse(at)} now={view.now} />
                    <By principal={by} />
                  </span>
                  {earlier && earlier.exists && exists && (
                    <a href={diffPath(name, earlier.digest, digest)}>
                      Compare {shortDigest(digest)} with the one before
                    </a>
                  )}
                </div>
                {index > 0 && exists && mayMove && <Rollback name={name} tag={tag} digest={digest} />}
              </li>
            );
          })}
        </ol>
        <p class="muted small">
          The last 32 moves are kept. A rollback is a move too, so it can be undone here.
        </p>
      </Card>
    </>
  );
}

function Rollback({ name, tag, digest }: { name: string; tag: string; digest: string }) {
  return (
    <a class="button" href={movePath(name, { tag, digest })}>
      Roll back to {shortDigest(digest)}
    </a>
  );
}
