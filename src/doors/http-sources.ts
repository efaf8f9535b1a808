const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const LOOPBACK_ORIGIN = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/;
const PORT = /:[0-9]{1,5}$/;

/** Which `Host` and `Origin` headers a door accepts. */
export interface Sources {
  readonly host: (host: string) => boolean;
  readonly origin: (origin: string) => boolean;
}

/**
 * The defence against DNS rebinding and foreign pages: loopback names, the name the door is bound to, and what the
 * operator allows. A host is allowed on every port, since ports are mapped; an allowed host with a port, on that only.
 */
export function createSources(options: {
  host: string;
  allowedHosts?: readonly string[];
  allowedOrigins?: readonly string[];
}): Sources {
  const bound = options.host.includes(':') ? `[${options.host}]` : options.host;
  const hosts = new Set(
    [...LOOPBACK, bound, ...(options.allowedHosts ?? [])].map((host) => host.toLowerCase()),
  );
  const origins = new Set((options.allowedOrigins ?? []).map((origin) => origin.toLowerCase()));
  return {
    host: (sent) => {
      if (hosts.has(sent)) return true;
      const host = sent.toLowerCase();
      return hosts.has(host) || hosts.has(host.replace(PORT, ''));
    },
    origin: (sent) => {
      const origin = sent.toLowerCase();
      return LOOPBACK_ORIGIN.test(origin) || origins.has(origin);
    },
  };
}
