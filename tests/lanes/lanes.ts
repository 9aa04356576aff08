/**
 * The tests of the task `test:all`, in lanes that run at the same time, each in a process of its own. Within a lane one
 * file runs after the other.
 */
export const LANES = {
  /** Tests that compute nearly all the time, and that may take longer beside others. */
  programs: [
    "tests/simulation/mutations_test.ts",
    "tests/clients",
    "tests/conformance",
    "tests/deploy",
    "tests/fuzz",
    "tests/image",
    "tests/infra/compose",
    "tests/infra/kubernetes",
    "tests/infra/lint",
    "tests/infra/monitoring",
    "tests/migration/programs",
    "tests/services",
    "tests/shells",
    "tests/ui",
    "tests/workflows/lint",
  ],
  /** Outages, kills and long runs, which mostly wait: for an expiry, a deadline, a restart. */
  faults: ["tests/soak/soak_test.ts", "tests/cluster", "tests/events", "tests/kill", "tests/systemd"],
} as const satisfies Record<string, readonly string[]>;
