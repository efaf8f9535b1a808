import type { Caller } from './authorize.ts';
import type { Reply } from './errors.ts';
import type { Body } from './read-body.ts';
import type { Request } from './request.ts';
import type { Scope } from './tenant-scope.ts';
import type { World } from './world.ts';

/** One authorized request with everything that an operation looks at. */
export interface Ask {
  readonly world: World;
  readonly request: Request;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly body: Body;
  /** The path's last part where the route has a `{tokenId}`, decoded. */
  readonly tokenId: string;
}

/** What a route runs. */
export type Operation = (ask: Ask) => Reply | Promise<Reply>;
