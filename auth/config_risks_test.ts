import { assertEquals } from "@std/assert";
import { accessRisks } from "./config_risks.ts";

Deno.test("accessRisks() tells of rules for every workload of an issuer, by name and by group", () => {
  const actions = ["pull" as const];
  const risks = accessRisks({
    groups: { jobs: ["workload:github"], people: ["user:alice"] },
    policies: [
      { repositories: ["a"], allow: [{ to: ["user:alice"], actions }, { to: ["group:people"], actions }] },
      {
        repositories: ["b"],
        allow: [
          { to: ["user:alice", "workload:github"], actions },
          { to: ["workload:github"], actions, where: { repository_id: ["1"] } },
          { to: ["group:jobs"], actions },
        ],
      },
    ],
  });
  assertEquals(risks.map((risk) => risk.split(" ")[0]), ["policies[1].allow[0]", "policies[1].allow[2]"]);
});
