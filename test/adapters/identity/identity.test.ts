import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { anonymous } from '../../../src/adapters/identity/anonymous.ts';
import { localUser } from '../../../src/adapters/identity/local-user.ts';

describe('identity without tokens', () => {
  const credentials = [{ authorization: null }, { authorization: 'Bearer a.b.c' }];
  for (const given of credentials) {
    it(`over stdio is the local user, given ${given.authorization}`, async () => {
      const identity = { issuer: 'local', sub: userInfo().username };
      expect(await localUser()(given)).toEqual({ identified: true, identity });
    });
    it(`can be nobody, given ${given.authorization}`, async () => {
      expect(await anonymous()(given)).toEqual({ identified: true, identity: {} });
    });
  }
});
