import { hotKeys } from "./hot_keys.ts";
import { LIMITS, OBJECT_PREFIXES, UPLOAD_SHARDS } from "./limits.ts";
import { type ByPartition, imageItems, imageUnits, sharedBlobUnits, tagUnits } from "./measured.ts";
import type { Units } from "./unit_meter.ts";

/** A table of the report. The first row has the names of the columns. */
export interface ReportTable {
  title: string;
  rows: string[][];
}

/** The load of docs/scale.md. */
const LOAD = { pullsPerHour: 10_000_000, repositories: 1_000_000, tags: 1_000_000, links: 1_000_000 };

/** Counts the requests of a registry that runs, and computes the limits that a load meets first. */
export async function report(): Promise<ReportTable[]> {
  const image = await imageUnits();
  const [fewTags, manyTags] = [await tagUnits(200), await tagUnits(2000)];
  const [fewLinks, manyLinks] = [await sharedBlobUnits(20), await sharedBlobUnits(1000)];
  const items = await imageItems();
  const repository = "repo#<repository>";
  const blob = "blob#<digest>";

  const units = [image.push, image.firstPull, image.pull, image.agedPull];
  const forms = [...new Set(units.flatMap((each) => [...each.keys()]))].sort();
  const sums = units.map(sumOf);
  const byPartition: ReportTable = {
    title: "Units of an image by partition",
    rows: [
      ["partition", "push", "first pull", "pull", "pull with a cache age"],
      ...forms.map((form) => [`\`${form}\``, ...units.map((each) => unitsText(each.get(form)))]),
      ["all", ...sums.map(unitsText)],
    ],
  };

  const { partitionReads, partitionWrites } = LIMITS;
  const limit = (what: string, place: string, perSecond: number) => [
    what,
    place,
    number(perSecond),
    number(perSecond * 3600),
  ];
  const first: ReportTable = {
    title: "Limit that is met first",
    rows: [
      ["operation", "place", "per second", "per hour"],
      limit(
        "pulls from one repository",
        `\`${repository}\``,
        partitionReads / image.pull.get(repository)!.reads,
      ),
      limit(
        "the same with a cache age",
        `\`${repository}\``,
        partitionReads / image.agedPull.get(repository)!.reads,
      ),
      limit(
        "pushes to one repository",
        `\`${repository}\``,
        partitionWrites / image.push.get(repository)!.writes,
      ),
      limit(
        "pushes to all repositories",
        `\`index uploads#<shard>\`, ${UPLOAD_SHARDS} partitions`,
        UPLOAD_SHARDS * partitionWrites / image.push.get("index uploads#<shard>")!.writes,
      ),
      limit("new repositories", "`repos`", partitionWrites),
      limit("HEAD of one blob", `\`${blob}\``, partitionReads / fewLinks.head.get(blob)!.reads),
      limit("mounts of one blob", `\`${blob}\``, partitionWrites / fewLinks.mount.get(blob)!.writes),
      limit("GET of one object", "one prefix", LIMITS.prefixReads),
      limit("new objects", `${number(OBJECT_PREFIXES)} prefixes`, OBJECT_PREFIXES * LIMITS.prefixWrites),
    ],
  };

  const pulls = LOAD.pullsPerHour / 3600;
  const reads = sums[2]!.reads;
  const hot = [16, 64, 256].map((partitions) => hotKeys(LOAD.repositories, partitions));
  const popular: ReportTable = {
    title: "Pulls of which some are popular",
    rows: [
      ["place", "read units a second", "with a cache age", "limit"],
      ["table", number(pulls * reads), number(pulls * sums[3]!.reads), number(LIMITS.tableReads)],
      ["most popular repository", ...loads(hot[0]!.topShare), number(partitionReads)],
      ...[16, 64, 256].map((partitions, index) => [
        `hottest of ${partitions} partitions`,
        ...loads(hot[index]!.partitionShare),
        number(partitionReads),
      ]),
    ],
  };

  function loads(share: number): string[] {
    return [pulls * reads * share, pulls * sums[3]!.reads * share].map(number);
  }

  const sizes: ReportTable = {
    title: "Items",
    rows: [
      ["registry", "items", "bytes", "largest partition"],
      [
        "1,000,000 repositories with one image each",
        number(items.count * LOAD.repositories),
        gib(items.bytes * LOAD.repositories),
        `\`repos\`: ${gib(items.repositoryItemBytes * LOAD.repositories)}`,
      ],
      [
        "one repository with 1,000,000 images, which share all layers except one",
        number(items.perTag.count * LOAD.tags),
        gib(items.perTag.bytes * LOAD.tags),
        `\`${repository}\`: ${gib(items.perTag.repositoryBytes * LOAD.tags)}`,
      ],
      [
        "one blob in 1,000,000 repositories",
        number(LOAD.links),
        gib(items.linkBytes * LOAD.links),
        `\`${blob}\`: ${gib(items.linkBytes * LOAD.links)}`,
      ],
    ],
  };

  const growth: ReportTable = {
    title: "Growth",
    rows: [
      ["request", "small", "large"],
      [
        "push of one more tag: 200 tags, 2,000 tags",
        unitsText(sumOf(fewTags.push)),
        unitsText(sumOf(manyTags.push)),
      ],
      ["page of 100 tags: the same", unitsText(sumOf(fewTags.page)), unitsText(sumOf(manyTags.page))],
      [
        "HEAD of a blob: 20 links, 1,000 links",
        unitsText(sumOf(fewLinks.head)),
        unitsText(sumOf(manyLinks.head)),
      ],
      ["mount of it: the same", unitsText(sumOf(fewLinks.mount)), unitsText(sumOf(manyLinks.mount))],
      [
        "garbage collection of one link of it: the same",
        unitsText(sumOf(fewLinks.collect)),
        unitsText(sumOf(manyLinks.collect)),
      ],
    ],
  };
  return [byPartition, first, popular, sizes, growth];
}

/** Units of all partitions together. */
export function sumOf(units: ByPartition): Units {
  const all = [...units.values()];
  return {
    reads: all.reduce((sum, { reads }) => sum + reads, 0),
    writes: all.reduce((sum, { writes }) => sum + writes, 0),
  };
}

function unitsText({ reads, writes }: Units = { reads: 0, writes: 0 }): string {
  const parts = [reads > 0 && `${reads} read`, writes > 0 && `${writes} write`].filter((part) =>
    part !== false
  );
  return parts.join(", ") || "-";
}

function number(value: number): string {
  return Math.floor(value).toLocaleString("en");
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** The table in Markdown. */
export function markdownOf({ rows: [head, ...rows] }: ReportTable): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head!), line(head!.map(() => "---")), ...rows.map(line)].join("\n");
}
