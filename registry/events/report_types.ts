/**
 * Artifact types of vulnerability reports: SARIF, of which Trivy and Grype can make their reports, and the own types of
 * scanners and of Harbor.
 */
const REPORTS = [
  /^application\/sarif\+json$/,
  /^application\/vnd\.security\.vulnerability\.report\b/,
  /^application\/vnd\.(aquasec\.)?trivy(\.report)?\+json$/,
  /^application\/vnd\.(anchore\.)?grype(\.report)?\+json$/,
  /^application\/vnd\.openvex\+json$/,
];

/** True for the manifest of a vulnerability report of another manifest. */
export function isVulnerabilityReport(
  { artifactType, subject }: { artifactType?: string; subject?: string },
): boolean {
  if (artifactType === undefined || subject === undefined) return false;
  return REPORTS.some((type) => type.test(artifactType.toLowerCase()));
}
