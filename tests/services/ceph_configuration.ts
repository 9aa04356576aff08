/**
 * Folders in which Debian has the files that Ceph's store loads at run time. Its built-in paths are relative to the
 * working folder.
 */
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";

/** Settings of one cluster. */
export interface CephCluster {
  /** A UUID. */
  readonly id: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
  /** Folder of the content; without it in memory. */
  readonly disk?: CephDisk | undefined;
}

/** A file that content is kept in. */
export interface CephDisk {
  /** An empty folder for it. */
  readonly folder: string;
  /** Maximum size, in bytes. */
  readonly size: number;
}

/** The configuration of a cluster of one monitor, one store and one S3 server on the loopback interface. */
export function cephConfiguration(folder: string, cluster: CephCluster): string {
  const { id, monitorPort, gatewayPort, disk } = cluster;
  return `
[global]
fsid = ${id}
mon_host = [v2:127.0.0.1:${monitorPort}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
ms_bind_ipv6 = false
run_dir = ${folder}/run
admin_socket = ${folder}/run/$name.asok
pid_file = ${folder}/run/$name.pid
log_file = ${folder}/log/$name.log
crash_dir = ${folder}/log

# Nobody has to prove who they are. The S3 server would ask the monitor for an encrypted connection all the same, which
# there can't be without keys.
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc

# One copy of everything, in as few pieces as possible.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000

[mon]
mon_data = ${folder}/monitor
mon_cluster_log_file = ${folder}/log/cluster.log
mon_data_avail_crit = 1
mon_data_avail_warn = 2

[osd]
${disk === undefined ? inMemory(`${folder}/store`) : onDisk(disk)}
osd_op_num_shards = 2
osd_class_dir = ${LIBRARIES}/rados-classes
osd_class_load_list = *
osd_class_default_list = *
erasure_code_dir = ${LIBRARIES}/ceph/erasure-code
plugin_dir = ${LIBRARIES}/ceph

[client.gateway]
# Small answers wait for 40 ms without "tcp_nodelay".
rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw_data = ${folder}/gateway
rgw_enable_usage_log = false
rgw_thread_pool_size = 64
`;
}

function inMemory(folder: string): string {
  return `osd_data = ${folder}
osd_objectstore = memstore
memstore_device_bytes = 8589934592`;
}

function onDisk({ folder, size }: CephDisk): string {
  return `osd_data = ${folder}
osd_objectstore = bluestore
bluestore_block_size = ${size}
bluestore_block_wal_create = false
bluestore_block_db_create = false
osd_memory_target = 1073741824`;
}
