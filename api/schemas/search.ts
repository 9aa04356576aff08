import * as z from "zod/mini";
import { digestSchema, named, nextSchema } from "./parts.ts";

/** Place where a search finds its text. */
export const SEARCH_PLACES = ["repository", "tag", "digest", "annotation", "package"] as const;

/** Place where a search finds its text. */
export type SearchPlace = (typeof SEARCH_PLACES)[number];

/** Result of a search. */
export const searchHitSchema = named(
  "SearchHit",
  "Result of a search",
  z.object({
    place: z.enum(SEARCH_PLACES),
    name: z.string().check(z.describe("Repository")),
    tag: z.exactOptional(z.string()),
    digest: z.exactOptional(digestSchema),
    field: z.exactOptional(z.string().check(z.describe("Name of the annotation, or of the package"))),
    text: z.exactOptional(z.string().check(z.describe("Value of the annotation, or version of the package"))),
  }),
);

/** Result of a search. */
export type SearchHit = z.infer<typeof searchHitSchema>;

/** Page of the results of a search. */
export const searchResultSchema = named(
  "SearchResult",
  "Page of the results of a search. A page may be empty although a next one exists",
  z.object({
    query: z.string(),
    hits: z.array(searchHitSchema),
    searched: z.object({
      repositories: z.int().check(z.describe("Repositories that this page has searched")),
      skipped: z.int().check(z.describe("Parts of them that were too large to search")),
    }),
    next: nextSchema,
  }),
);

/** Page of the results of a search. */
export type SearchResult = z.infer<typeof searchResultSchema>;
