/**
 * One mistake for each step and condition of the protocols: the simulation has to find every one of them, or it could not
 * be believed when it finds nothing.
 *
 * @module
 */
import { CANDIDATE_MISTAKES } from "./candidates.ts";
import { COLLECT_MISTAKES } from "./collect.ts";
import { COMMIT_MISTAKES } from "./commit.ts";
import { DELETE_MISTAKES } from "./delete.ts";
import { EVENT_MISTAKES } from "./events.ts";
import { FRESHNESS_MISTAKES } from "./freshness.ts";
import { IMMUTABLE_MISTAKES } from "./immutable.ts";
import { HEAL_MISTAKES } from "./heal.ts";
import { HISTORY_MISTAKES } from "./history.ts";
import { MANIFEST_MISTAKES } from "./manifest.ts";
import { NEAR_MISTAKES } from "./near.ts";
import { OPERATOR_MISTAKES } from "./operators.ts";
import { OTHER_MISTAKES } from "./other.ts";
import { PURGE_MISTAKES } from "./purges.ts";
import { QUOTA_MISTAKES } from "./quotas.ts";
import { SWEEP_MISTAKES } from "./sweep.ts";
import type { Mutation } from "./mutation.ts";

export type { Edit, Mutation } from "./mutation.ts";

/** All of them. */
export const MUTATIONS: Mutation[] = [
  ...COMMIT_MISTAKES,
  ...SWEEP_MISTAKES,
  ...MANIFEST_MISTAKES,
  ...DELETE_MISTAKES,
  ...IMMUTABLE_MISTAKES,
  ...FRESHNESS_MISTAKES,
  ...COLLECT_MISTAKES,
  ...CANDIDATE_MISTAKES,
  ...HEAL_MISTAKES,
  ...HISTORY_MISTAKES,
  ...QUOTA_MISTAKES,
  ...OTHER_MISTAKES,
  ...PURGE_MISTAKES,
  ...EVENT_MISTAKES,
  ...OPERATOR_MISTAKES,
  ...NEAR_MISTAKES,
];
