import type { SearchHit, SearchPlace, SearchResult } from "../../../api/mod.ts";
import {
  Badge,
  Card,
  formatCount,
  Head,
  Pager,
  Plain,
  plain,
  plural,
  shortDigest,
} from "./components/mod.ts";
import { manifestPath, query, repositoryPath } from "./paths.ts";

/** Data of the page of a search. */
export interface SearchPageProps {
  /** Text to search. */
  q: string;
  /** Places that are searched. */
  places: readonly SearchPlace[];
  /** Results; absent without a text. */
  result?: SearchResult | undefined;
  /** Position after which this page begins. */
  last?: string | undefined;
}

/** Names of the places of a search. */
export const PLACES: Readonly<Record<SearchPlace, string>> = {
  repository: "Repositories",
  tag: "Tags",
  digest: "Digests",
  annotation: "Annotations",
  package: "Packages in SBOMs",
};

/** Page of a search over names, tags, digests, annotations and packages. */
export function SearchPage({ q, places, result, last }: SearchPageProps) {
  const to = (position?: string) => `/search${queryOf(q, places, position)}`;
  return (
    <>
      <Head title="Search">
        <form class="line" action="/search" method="get">
          <label>
            <span class="visually-hidden">Text to search</span>
            <input name="q" type="search" value={q} required maxlength={256} />
          </label>
          <button type="submit" class="main">Search</button>
          <fieldset class="choices">
            <legend class="visually-hidden">Places to search</legend>
            {(Object.keys(PLACES) as SearchPlace[]).map((place) => (
              <label class="choice">
                <input type="checkbox" name="in" value={place} checked={places.includes(place)} />{" "}
                {PLACES[place]}
              </label>
            ))}
          </fieldset>
        </form>
      </Head>
      {result && <Results result={result} />}
      <Pager
        first={last === undefined ? undefined : to()}
        next={result?.next === undefined ? undefined : to(result.next)}
      />
    </>
  );
}

function queryOf(q: string, places: readonly SearchPlace[], last: string | undefined): string {
  const search = new URLSearchParams(query({ q, last }));
  for (const place of places) search.append("in", place);
  return `?${search}`;
}

function Results({ result: { query: text, hits, searched, next } }: { result: SearchResult }) {
  return (
    <Card
      title={`${plural(hits.length, "result")} for "${plain(text, 80)}"`}
      side={
        <span class="muted small">
          in {plural(searched.repositories, "repository", "repositories")} {next !== undefined && "so far"}
        </span>
      }
      flush
    >
      {searched.skipped > 0 && <p class="small muted">{formatCount(searched.skipped)} too large to search</p>}
      {hits.length === 0
        ? (
          <p>
            {next === undefined
              ? "Nothing was found."
              : "Nothing was found yet: the next page searches further repositories."}
          </p>
        )
        : <ul class="rows">{hits.map((hit) => <Hit hit={hit} />)}</ul>}
    </Card>
  );
}

function Hit({ hit: { place, name, tag, digest, field, text } }: { hit: SearchHit }) {
  const reference = tag ?? digest;
  return (
    <li>
      <div class="top-line">
        <a class="name" href={reference === undefined ? repositoryPath(name) : manifestPath(name, reference)}>
          {name}
          {tag !== undefined ? `:${tag}` : digest !== undefined ? `@${shortDigest(digest)}` : ""}
        </a>
        <Badge>{place}</Badge>
      </div>
      {(field !== undefined || text !== undefined) && (
        <div class="small">
          {field !== undefined && <Plain text={field} max={120} />}{" "}
          {text !== undefined && (
            <span class="muted">
              <Plain text={text} max={200} />
            </span>
          )}
        </div>
      )}
    </li>
  );
}
