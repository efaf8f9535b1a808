import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Which addresses the name of an issuer may stand for. */
export type Reach = 'public' | 'private' | 'loopback';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Networks of organisations. A name that leads there is believed only where the operator says so. */
const internal = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  internal.addSubnet(network, prefix);
}
internal.addSubnet('fc00::', 7, 'ipv6');

/** Addresses at which no issuer stands: this network, link-local with its metadata services, tests, multicast, tunnels. */
const nowhere = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  nowhere.addSubnet(network, prefix);
}
for (const [network, prefix] of [
  ['::', 128],
  ['64:ff9b::', 32],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  nowhere.addSubnet(network, prefix, 'ipv6');
}

/** Whether a host of a URL is this machine: `localhost` or a loopback address, in the form that `URL` gives it. */
export function isLoopbackHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return hostname === 'localhost' || (isIP(address) !== 0 && lies(loopback, address));
}

/** Whether a name that resolved to this address may be followed there. */
export function isWithin(address: string, reach: Reach): boolean {
  if (lies(loopback, address)) return reach === 'loopback';
  if (reach === 'loopback' || lies(nowhere, address)) return false;
  return reach === 'private' || !lies(internal, address);
}

/** The system's resolver, which answers a name only where all its addresses are within reach. */
export function lookupWithin(reach: Reach, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options: LookupOptions, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses: readonly LookupAddress[] = typeof found === 'string' ? [] : (found ?? []);
      const [first] = addresses;
      if (error !== null) return done(error, '', 0);
      if (first === undefined || !addresses.every(({ address }) => isWithin(address, reach))) {
        return done(new OutOfReach(), '', 0);
      }
      if (options.all === true) return done(null, [...addresses]);
      return done(null, first.address, first.family);
    });
  };
}

/** The name of an issuer leads to an address at which issuers are not looked for. */
class OutOfReach extends Error {
  readonly code = 'OUT_OF_REACH';
  constructor() {
    super('the name leads to an address that is not public');
  }
}

function lies(networks: BlockList, address: string): boolean {
  return networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
