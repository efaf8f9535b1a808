import { known } from '../../../src/sandbox/default-seed.ts';
import { at, login, outcome, SECONDS, testRows } from '../support.ts';

const { applications, users } = known;

testRows([
  [
    'validate: the claims flat, times in seconds',
    async (bench) => {
      const [status, body] = await outcome(bench.client().validateJWT(await login(bench)));
      return [status, at(body, 'jwt', 'exp'), at(body, 'jwt', 'sub'), at(body, 'jwt', 'roles')];
    },
    [200, SECONDS + 3600, users.alice, ['user', 'admin']],
  ],
  [
    'validate: 401 with an empty body after the end',
    async (bench) => {
      const jwt = await login(bench, applications.mobile);
      bench.clock.now += 600_000;
      const last = await outcome(bench.client().validateJWT(jwt));
      bench.clock.now += 1;
      return [last[0], await outcome(bench.client().validateJWT(jwt))];
    },
    [200, [401, undefined]],
  ],
]);
