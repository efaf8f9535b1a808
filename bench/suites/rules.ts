import { deniedCall } from '../machine/calls.ts';
import { type Contender, httpRounds } from '../machine/http-rounds.ts';
import { openSessions } from '../machine/mcp-session.ts';
import { Servers } from '../machine/servers.ts';
import type { Suite } from '../suite.ts';

const RULES = 1000;
/** "No measurable difference", on a machine whose rounds differ by some percent. */
const SAME = { of: 'ratio', atLeast: 0.9 } as const;

/** Cost grows with the rules that apply to the tool, not with the rules in the file. */
export const suite: Suite = {
  name: 'rules',
  about: `denials over HTTP, with and without ${RULES} rules for other tools`,
  async run(options) {
    const servers = new Servers();
    try {
      const upstream = await servers.upstream();
      const few = await servers.proxy('few', { upstream });
      const many = await servers.proxy('many', { upstream, policy: servers.file('many.yaml', manyRules()) });
      const contender = async (name: string, { url, usage }: typeof few): Promise<Contender> => ({
        name,
        call: { url, sessions: await openSessions(url, 8), ...deniedCall },
        answers: /POLICY DENIED/,
        usage,
      });
      return await httpRounds(
        [
          await contender('2 rules', few),
          { ...(await contender(`2 rules and ${RULES} for other tools`, many)), target: () => SAME },
        ],
        options,
      );
    } finally {
      await servers.close();
    }
  },
};

function manyRules(): string {
  const rules = Array.from(
    { length: RULES },
    (_, i) =>
      `      - { name: rule ${i}, conditions: [{ path: args.body.timeToLiveInSeconds, op: lte, value: ${i + 1} }] }`,
  );
  return `version: "1"
default: deny
tools:
  deleteJwtRefresh:
    rules:
      - { action: deny, reason: Ask a person to do it. }
  revokeRefreshTokenByIdWithId:
    rules:
      - { action: deny, reason: Ask a person to do it. }
  vendJWTWithId:
    rules:
${rules.join('\n')}
`;
}
