import { assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import { readSettings } from "./environment.ts";

Deno.test("readSettings() reads the same as loadConfig()", async () => {
  const environments: Record<string, string>[] = [
    {},
    { PORT: "0", HOST: "::1", SKERRY_DATA: "", SKERRY_READ_ONLY: "true", SKERRY_LOG: "text" },
    { SKERRY_GRACE: "4s", SKERRY_DEADLINE: "1s", SKERRY_CACHE_AGE: "1s", SKERRY_MAX_BLOB_SIZE: "1GiB" },
    { DENO_DEPLOY: "1" },
    { DENO_DEPLOY: "1", SKERRY_DATA: "/data" },
    { DENO_DEPLOY: "1", SKERRY_WORKERS: "4" },
    { SKERRY_WORKERS: "auto" },
    {
      SKERRY_DELIVERY: "auto",
      SKERRY_REDIRECT_LIFETIME: "5m",
      SKERRY_REDIRECT_ENDPOINT: "https://s3.example.com/",
    },
    { SKERRY_PORT: "tcp://10.0.0.1:80" },
    { SKERRY_STORAGE: "aws", SKERRY_S3_BUCKET: "a", SKERRY_DYNAMODB_TABLE: "b", AWS_REGION: "us-east-1" },
  ];
  for (const environment of environments) {
    assertEquals(readSettings(environment), await loadConfig(environment), JSON.stringify(environment));
  }
});

Deno.test("readSettings() leaves unreadable and invalid settings to loadConfig()", () => {
  const environments: Record<string, string>[] = [
    { SKERRY_CONFIG: "skerry.yaml" },
    { SKERRY_TYPO: "1" },
    { SKERRY_RETENTION: '[{"repositories": ["**"]}]' },
    { SKERRY_DELIVERY_RULES: '[{"repositories": ["**"], "delivery": "proxy"}]' },
    { SKERRY_DELIVERY: "always" },
    { SKERRY_REDIRECT_LIFETIME: "59s" },
    { SKERRY_REDIRECT_LIFETIME: "25h" },
    { SKERRY_REDIRECT_ENDPOINT: "s3.example.com" },
    { PORT: "80x" },
    { SKERRY_WORKERS: "0" },
    { SKERRY_WORKERS: "257" },
    { SKERRY_WORKERS: "2", SKERRY_STORAGE: "memory" },
    { SKERRY_STORAGE: "aws", SKERRY_S3_BUCKET: "a", AWS_REGION: "us-east-1" },
    { SKERRY_GRACE: "3s", SKERRY_DEADLINE: "1s", SKERRY_CACHE_AGE: "0" },
  ];
  for (const environment of environments) {
    assertEquals(readSettings(environment), undefined, JSON.stringify(environment));
  }
});

Deno.test("readSettings() reads the number of workers, and keeps one on Deno Deploy", () => {
  const workersWith = (environment: Record<string, string>) => readSettings(environment)?.workers;
  assertEquals(workersWith({}), 1);
  assertEquals(workersWith({ SKERRY_WORKERS: "4" }), 4);
  assertEquals(workersWith({ SKERRY_WORKERS: "auto" }), navigator.hardwareConcurrency);
  assertEquals(workersWith({ SKERRY_WORKERS: "auto", DENO_DEPLOY: "1" }), 1);
});
