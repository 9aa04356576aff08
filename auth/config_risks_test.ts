import { assertEquals } from "@std/assert";
import { accessRisks } from "./config_risks.ts";

Deno.test("accessRisks() warns of rules for every workload of an issuer, by name and by group", () => {
  const actions = ["pull" as const];
  const risks = accessRisks({
    url: "https://registry.test",
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

Deno.test("accessRisks() warns of a URL without TLS, except on this machine", () => {
  const risky = ["http://registry.test", "http://localhost.test:80", "http://10.0.0.1"];
  const safe = ["https://registry.test", "http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000"];
  const tells = (url: string) => accessRisks({ url, policies: [], groups: {} }).length > 0;
  assertEquals([...risky, ...safe].filter(tells), risky);
});
