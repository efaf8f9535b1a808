import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { openAudit } from '../adapters/audit/jsonl.ts';
import { memoryLimits } from '../adapters/limits/memory.ts';
import { redisLimits } from '../adapters/limits/redis.ts';
import { fusionAuthUpstream } from '../adapters/upstream/fusionauth.ts';
import { operations } from '../catalog/operations.ts';
import type { Audit, Gate, Limits, Transport, Upstream } from '../model/index.ts';
import { toolLister } from '../pipeline/list-tools.ts';
import { callParser } from '../pipeline/parse-call.ts';
import { type Ports, runCall } from '../pipeline/run-call.ts';
import { fingerprintWith } from '../policy/fingerprint.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import type { ServeConfig } from './config.ts';
import { CommandError, exit } from './exit-codes.ts';
import type { Log } from './log.ts';
import { openPolicy, type PolicySource } from './policy-source.ts';

/** The parts of a running proxy, put together. */
export interface RunningProxy {
  /** What the doors of one transport may ask. */
  gateFor(transport: Transport): Gate;
  readonly policy: PolicySource;
  readonly audit: Audit;
  /** Signs session ids. */
  readonly sessionSecret: Buffer;
  /** Writes out what is queued and lets go of everything. */
  close(): Promise<void>;
}

/** Where FusionAuth is: the real one, or the sandbox in its place. */
export interface FusionAuth {
  readonly url: string;
  readonly apiKey: string | null;
}

/** Puts the parts of a proxy together. Throws a `CommandError` with one clear message where one cannot be had. */
export async function openProxy(
  config: ServeConfig,
  fusionAuth: FusionAuth,
  log: Log,
): Promise<RunningProxy> {
  const secret = config.secret ?? randomBytes(32);
  const policy = openPolicy(config.policy, log);
  const limits = await openLimits(config, log);
  const audit = await openAuditFor(config, log);
  const upstream = openUpstream(fusionAuth);
  const ports: Ports = {
    parse: callParser(operations, config.tenantId),
    limits,
    upstream,
    audit,
    fingerprint: fingerprintWith(derive(secret, 'fingerprints')),
    newId: randomUUID,
    elapsed: () => performance.now(),
    onFault: (id, fault) =>
      log.error(`${id}: ${fault instanceof Error ? (fault.stack ?? fault.message) : fault}`),
  };
  const list = toolLister(operations);
  return {
    gateFor: (transport) => ({
      call: (raw) => runCall(raw, { policy: policy.current(), at: Date.now() }, ports),
      list: (caller) => list(policy.current(), caller, transport),
      onToolsChanged: (listener) => onToolsChanged(policy, listener),
      notReady: async () => ((await limits.ready()) ? [] : ['the limit store does not answer']),
    }),
    policy,
    audit,
    sessionSecret: derive(secret, 'sessions'),
    async close() {
      policy.close();
      await closeAll(audit, limits, upstream);
    },
  };
}

/** Keys for different purposes, so that no value of one is ever a value of another. */
function derive(secret: Buffer, purpose: string): Buffer {
  return createHmac('sha256', secret).update(`portcullis ${purpose}`).digest();
}

async function openLimits({ redisUrl }: ServeConfig, log: Log): Promise<Limits> {
  if (redisUrl === null) return memoryLimits();
  try {
    const limits = redisLimits({
      url: redisUrl,
      onStateChange: (up, why) => {
        if (up) log.info('the limit store answers again');
        else log.error(`the limit store does not answer, so calls with limits are refused: ${why}`);
      },
    });
    await limits.connect();
    return limits;
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), exit.broke);
  }
}

async function openAuditFor({ audit }: ServeConfig, log: Log): Promise<Audit> {
  const onProblem = (message: string) => log.error(message);
  if (audit.to === 'off') return openAudit({ to: 'off', onProblem });
  if (audit.to === 'stderr') return openAudit({ to: { stream: process.stderr }, onProblem });
  try {
    return await openAudit({ to: { file: audit.file }, onProblem });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), exit.broke);
  }
}

function openUpstream({ url, apiKey }: FusionAuth): Upstream {
  try {
    return fusionAuthUpstream({ url, apiKey });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), exit.usage);
  }
}

async function closeAll(audit: Audit, limits: Limits, upstream: Upstream): Promise<void> {
  await audit.close();
  await Promise.all([limits.close(), upstream.close()]);
}

/** A listing can change with what is hidden and, where it depends on the caller, with anything. */
function onToolsChanged(policy: PolicySource, listener: () => void): () => void {
  return policy.onChange((now, before) => {
    if (listing(now) !== listing(before)) listener();
  });
}

function listing({ policy, tool, digest }: PreparedPolicy): string {
  const hidden = operations.filter(({ name }) => tool(name)?.hidden).map(({ name }) => name);
  return JSON.stringify([hidden, policy.list === 'callable' ? digest : '']);
}
