import type { ArtifactKind } from "../../../../api/mod.ts";

/** Command that a page shows to be copied. */
export interface ClientCommand {
  /** Name of the program. */
  name: string;
  /** Text to copy. */
  text: string;
}

/** Kinds of artifacts whose clients have commands of their own. */
const OWN_CLIENTS: Readonly<
  Partial<Record<ArtifactKind, (reference: string, split: Split) => ClientCommand[]>>
> = {
  "helm-chart": (reference, { name, tag }) => [
    tag === undefined
      ? { name: "helm 4", text: `helm pull oci://${reference}` }
      : { name: "helm", text: `helm pull oci://${name} --version ${tag.replaceAll("_", "+")}` },
  ],
  compose: (reference) => [{ name: "docker compose", text: `docker compose -f oci://${reference} up` }],
  flux: (reference) => [{ name: "flux", text: `flux pull artifact oci://${reference} --output .` }],
  model: (reference) => [{ name: "modctl", text: `modctl pull ${reference}` }],
};

interface Split {
  /** Reference without tag and digest. */
  name: string;
  tag: string | undefined;
}

/** Commands that pull an image or artifact of a kind by a tag or a digest; `host` is text for the commands. */
export function pullCommands(
  host: string,
  repository: string,
  target: { tag: string } | { digest: string },
  kind: ArtifactKind,
): ClientCommand[] {
  const name = `${host}/${repository}`;
  const reference = "tag" in target ? `${name}:${target.tag}` : `${name}@${target.digest}`;
  if (kind === "image" || kind === "index") {
    return [
      { name: "docker", text: `docker pull ${reference}` },
      { name: "podman", text: `podman pull ${reference}` },
      { name: "Kubernetes", text: `image: ${reference}` },
    ];
  }
  const own = OWN_CLIENTS[kind]?.(reference, { name, tag: "tag" in target ? target.tag : undefined }) ?? [];
  return [...own, { name: "oras", text: `oras pull ${reference}` }];
}

/** Commands that push a first image, for a registry that is empty. */
export function pushCommands(host: string, loginRequired: boolean): ClientCommand[] {
  const image = `${host}/demo/hello:1.0`;
  return [
    ...(loginRequired ? [{ name: "1. Log in", text: `docker login ${host}` }] : []),
    {
      name: loginRequired ? "2. Name an image" : "1. Name an image",
      text: `docker tag alpine:latest ${image}`,
    },
    { name: loginRequired ? "3. Push it" : "2. Push it", text: `docker push ${image}` },
  ];
}
