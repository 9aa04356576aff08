import { seeded } from "../random.ts";

/** Load of the hottest places when some repositories are more popular than others. */
export interface HotKeys {
  /** Share of all pulls that the most popular repository has. */
  topShare: number;
  /** The same for the partition of the table with the most pulls. */
  partitionShare: number;
}

/**
 * Places each repository by the hash of its key in one of the partitions of the table, as DynamoDB does, and adds up the
 * pulls. The popularity of the repository of rank `n` is in proportion to 1/`n` (Zipf).
 */
export function hotKeys(repositories: number, partitions: number, seed = 1): HotKeys {
  const random = seeded(seed);
  const shares = new Float64Array(partitions);
  let sum = 0;
  for (let rank = 1; rank <= repositories; rank++) {
    const place = random(partitions);
    shares[place] = shares[place]! + 1 / rank;
    sum += 1 / rank;
  }
  return { topShare: 1 / sum, partitionShare: Math.max(...shares) / sum };
}
