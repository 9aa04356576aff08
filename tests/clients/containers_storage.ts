import type { Workbench } from "./workbench.ts";

/**
 * Gives podman and buildah a storage of their own in a new folder and returns the environment that leads them there.
 * `vfs` works on any file system; only `overlay` can fetch parts of a layer, and with it they do.
 */
export async function containersStorage(
  bench: Workbench,
  name: string,
  driver: "vfs" | "overlay" = "vfs",
): Promise<Record<string, string>> {
  const folder = `${bench.folder}/${name}`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/storage.conf`, storageConf(folder, driver));
  await Deno.writeTextFile(`${folder}/containers.conf`, containersConf(folder));
  return {
    CONTAINERS_STORAGE_CONF: `${folder}/storage.conf`,
    CONTAINERS_CONF: `${folder}/containers.conf`,
    BUILDAH_ISOLATION: "chroot",
  };
}

function storageConf(folder: string, driver: string): string {
  return `
[storage]
driver = "${driver}"
graphroot = "${folder}/graph"
runroot = "${folder}/run"

[storage.options]
pull_options = { enable_partial_images = "true", use_hard_links = "false", ostree_repos = "" }

[storage.options.overlay]
skip_mount_home = "true" # a mount would outlive the test
`;
}

// No `static_dir`, which is in `graphroot` by default: the process that cleans up after a container does not learn of another
// one, and podman waits 20 seconds for it.
function containersConf(folder: string): string {
  return `
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "${folder}/tmp"
volume_path = "${folder}/volumes"

[network]
network_config_dir = "${folder}/networks"
`;
}
