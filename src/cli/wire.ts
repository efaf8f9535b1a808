import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { openAudit } from '../adapters/audit/jsonl.ts';
import { memoryLimits } from '../adapters/limits/memory.ts';
import { fusionAuthUpstream } from '../adapters/upstream/fusionauth.ts';
import { operations } from '../catalog/operations.ts';
import type { Audit, Gate, Limits, Transport, Upstream } from '../model/index.ts';
import type { TokenAudit } from '../model/tokens.ts';
import { toolLister } from '../pipeline/list-tools.ts';
import { callParser } from '../pipeline/parse-call.ts';
import { refusalRecord } from '../pipeline/refusal-record.ts';
import { type Ports, runCall } from '../pipeline/run-call.ts';
import { fingerprintWith } from '../policy/fingerprint.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import type { ServeConfig } from './config.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import type { Log } from './log.ts';
import { openPolicy, type PolicySource } from './policy-source.ts';
import { urlHint } from './url-hint.ts';

/** The parts of a running proxy, put together. */
export interface RunningProxy {
  /** What the doors of one transport may ask. */
  gateFor(transport: Transport): Gate;
  /** Writes to the audit that a caller was turned away. */
  recordRefusal(transport: Transport, why: string): void;
  readonly policy: PolicySource;
  readonly audit: Audit & TokenAudit;
  readonly limits: Limits;
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
  const upstream = watched(openUpstream(fusionAuth), fusionAuth.url, log);
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
      notReady: async () => [
        ...((await limits.ready()) ? [] : ['the limit store does not answer']),
        ...(audit.isWritten() ? [] : ['the audit cannot be written']),
      ],
    }),
    recordRefusal(transport, why) {
      const snapshot = { id: ports.newId(), at: Date.now(), policy: policy.current() };
      audit.write(refusalRecord({ transport, why }, snapshot));
    },
    policy,
    audit,
    limits,
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
  // The client is a tenth of the start, and most who start one proxy have no Redis.
  const { redisLimits } = await import('../adapters/limits/redis.ts');
  let isConnected = false;
  const hint = urlHint(redisUrl, 'redis');
  const limits = orEnd(
    exit.usage,
    () =>
      redisLimits({
        url: redisUrl,
        onWarning: (warning) => log.warn(warning),
        onStateChange: (up, why) => {
          if (!isConnected) return;
          if (up) log.info('the limit store answers again');
          else log.error(`the limit store does not answer, so calls with limits are refused: ${why}`);
        },
      }),
    hint,
  );
  try {
    await limits.connect();
  } catch (error) {
    throw new CommandError(wordsOf(error), exit.broke);
  }
  isConnected = true;
  return limits;
}

/** What a part says when it cannot be made, as the end of the command. */
function orEnd<T>(code: ExitCode, make: () => T, hint = ''): T {
  try {
    return make();
  } catch (error) {
    throw new CommandError(wordsOf(error) + hint, code);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function openAuditFor({ audit }: ServeConfig, log: Log): Promise<Audit & TokenAudit> {
  const tell = {
    onProblem: (message: string) => log.error(message),
    onRecovery: (message: string) => log.info(message),
  };
  if (audit.to === 'off') return openAudit({ to: 'off', ...tell });
  if (audit.to === 'stderr') return openAudit({ to: { stream: process.stderr }, ...tell });
  try {
    return await openAudit({ to: { file: audit.file }, ...tell });
  } catch (error) {
    throw new CommandError(wordsOf(error), exit.broke);
  }
}

function openUpstream({ url, apiKey }: FusionAuth): Upstream {
  return orEnd(exit.usage, () => fusionAuthUpstream({ url, apiKey }));
}

/** Logs, once each time, that FusionAuth went, came back, or refuses the proxy's key. */
function watched(upstream: Upstream, url: string, log: Log): Upstream {
  let trouble: string | null = null;
  const turn = (now: string | null) => {
    if (now === trouble) return;
    trouble = now;
    if (now === null) log.info(`FusionAuth at ${url} answers again`);
    else log.error(`FusionAuth at ${url}: ${now.replace(/^FusionAuth /, 'it ')}`);
  };
  return {
    ...upstream,
    async send(request, signal) {
      const reply = await upstream.send(request, signal);
      if (reply.got !== 'nothing') {
        const isKeyRefused = reply.status === 401 && request.authority.as === 'api_key';
        turn(
          isKeyRefused
            ? `it refuses the API key for ${request.method} ${request.target.split('?')[0]}`
            : null,
        );
      } else if (reply.fault !== 'cancelled' && reply.fault !== 'no_api_key') turn(reply.why);
      return reply;
    },
  };
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
