/**
 * The two OCI conformance suites as programs that test whatever registry listens at an address.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { tool, type ToolName } from "../tools/tool.ts";
import { readOldReport, readReport, type Report } from "./report.ts";

const RESULTS = fileURLToPath(new URL("../.work/conformance", import.meta.url));

/** A suite's report, and where a person reads more. */
export interface SuiteRun {
  readonly report: Report;
  /** The suite's own words: every test in its tree, the failed ones with their reason. */
  readonly output: string;
  /** The folder with `report.html`: every request and answer. */
  readonly results: string;
}

/** A registry that is to be tested. */
export interface Target {
  /** `host:port` of a registry. */
  readonly host: string;
  /** File of the certificate of a registry with TLS; by default it speaks plain HTTP. */
  readonly certificatePath?: string;
  /** Whom the suite logs in as; by default it does not. */
  readonly login?: {
    readonly username: string;
    readonly password: string;
    /** True if it keeps a token for the next request. */
    readonly keepsTokens: boolean;
  };
}

/** The settings of the redesigned suite that runs differ in. */
export interface SuiteSettings {
  /** `1.1`, or `dev` for what the specification's main branch adds. */
  readonly version: "1.1" | "dev";
  /** True if manifests whose layers or children were never pushed are pushed too. */
  readonly sparse: boolean;
}

/**
 * Runs the redesigned suite.
 *
 * @param name The folder of its results.
 * @throws {Error} When it leaves no report.
 */
export async function runSuite(target: Target, name: string, settings: SuiteSettings): Promise<SuiteRun> {
  const { output, results } = await runProgram("conformance", name, {
    OCI_REGISTRY: target.host,
    ...infoOf(target),
    ...tlsOf(target),
    OCI_VERSION: settings.version,
    OCI_DATA_SPARSE: `${settings.sparse}`,
    OCI_REPO1: `conformance/${name}/one`,
    OCI_REPO2: `conformance/${name}/two`,
    OCI_RESULTS_DIR: ".",
  });
  return { report: readReport(await readResult(results, "results.yaml", output), output), output, results };
}

/**
 * Runs the first suite with all of its workflows.
 *
 * @param name The folder of its results.
 * @throws {Error} When it leaves no report.
 */
export async function runOldSuite(target: Target, name: string): Promise<SuiteRun> {
  const { output, results } = await runProgram("conformance_old", name, {
    OCI_ROOT_URL: `http://${target.host}`,
    ...infoOf(target),
    OCI_NAMESPACE: `conformance/${name}/one`,
    OCI_CROSSMOUNT_NAMESPACE: `conformance/${name}/two`,
    OCI_TEST_PULL: "1",
    OCI_TEST_PUSH: "1",
    OCI_TEST_CONTENT_DISCOVERY: "1",
    OCI_TEST_CONTENT_MANAGEMENT: "1",
    OCI_AUTOMATIC_CROSSMOUNT: "1",
  });
  return { report: readOldReport(await readResult(results, "junit.xml", output)), output, results };
}

/** The suite trusts the certificates of the file. */
function tlsOf({ certificatePath }: Target): Record<string, string> {
  if (certificatePath === undefined) return { OCI_TLS: "disabled" };
  return { OCI_TLS: "enabled", SSL_CERT_FILE: certificatePath };
}

function infoOf({ login }: Target): Record<string, string> {
  if (login === undefined) return {};
  const { username, password, keepsTokens } = login;
  return { OCI_USERNAME: username, OCI_PASSWORD: password, OCI_CACHE_AUTH: `${keepsTokens}` };
}

/** Both suites write into their working folder; it starts empty, so that no report of an earlier run is read. */
async function runProgram(program: ToolName, name: string, env: Record<string, string>) {
  const results = `${RESULTS}/${name}`;
  await Deno.remove(results, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(results, { recursive: true });
  const inherited = Object.entries(Deno.env.toObject()).filter(([key]) => !key.startsWith("OCI_"));
  const { stdout, stderr } = await new Deno.Command(await tool(program), {
    cwd: results,
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...env },
    stdin: "null",
  }).output();
  return { output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), results };
}

async function readResult(results: string, file: string, output: string): Promise<string> {
  try {
    return await Deno.readTextFile(`${results}/${file}`);
  } catch (cause) {
    throw new Error(`The conformance suite left no "${file}":\n${output.slice(-4000)}`, { cause });
  }
}
