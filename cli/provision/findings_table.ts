import type { Finding } from "../../storage/check/mod.ts";

/** A line for each finding, in columns. */
export function findingsTable(findings: Finding[]): string {
  const rows = [
    ["capability", "required", "result", ""],
    ...findings.map(({ capability, needed, works, note }) => [
      capability,
      needed ? "yes" : "no",
      works === undefined ? "not tested" : works ? "works" : needed ? "FAILS" : "no",
      note,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  return lines.map((line) => `  ${line}`).join("\n");
}
