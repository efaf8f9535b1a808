import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** Ticks a second of /proc (`getconf CLK_TCK`). */
const TICKS = existsSync('/proc/self/stat')
  ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  : Number.NaN;
/** proc_pid_stat(5), counted from the state, which stands behind the name. */
const [OWN, CHILDREN] = [11, 13];

/** User and system time that a process has used, in µs; NaN where there is no /proc. */
export function cpuOf(pid: number): number {
  return readTimes(`/proc/${pid}/stat`, OWN);
}

/** The same of children of this process that have ended. */
export function cpuOfEndedChildren(): number {
  return readTimes('/proc/self/stat', CHILDREN);
}

function readTimes(file: string, from: number): number {
  if (!existsSync(file)) return Number.NaN;
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[from]) + Number(fields[from + 1])) / TICKS) * 1e6;
}

const PERIOD_US = 20_000;

/** A share of a core that a process cannot exceed. */
export interface Quota {
  /** `share` of 1, or null for as much as there is. */
  set(share: number | null): void;
  close(): void;
}

/** Puts a process into a control group of its own; null where this machine does not let us. */
export function openQuota(pid: number): Quota | null {
  const name = `portcullis-bench-${pid}`;
  const isV1 = existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const folder = isV1 ? `/sys/fs/cgroup/cpu/${name}` : `/sys/fs/cgroup/${name}`;
  const set = (share: number | null) => {
    const quota = share === null ? null : Math.round(share * PERIOD_US);
    if (isV1) writeFileSync(`${folder}/cpu.cfs_quota_us`, `${quota ?? -1}`);
    else writeFileSync(`${folder}/cpu.max`, `${quota ?? 'max'} ${PERIOD_US}`);
  };
  try {
    mkdirSync(folder);
    if (isV1) writeFileSync(`${folder}/cpu.cfs_period_us`, `${PERIOD_US}`);
    set(null);
    writeFileSync(`${folder}/cgroup.procs`, `${pid}`);
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return null;
  }
  return { set, close: () => rmdirSync(folder) };
}
