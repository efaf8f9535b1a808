import type { Problem } from '../model/index.ts';

/** What one kind of problem is. */
interface Kind {
  readonly severity: Problem['severity'];
  /** One sentence, for whoever meets the code for the first time. */
  readonly about: string;
  /** Whether the JSON Schema of the language sees it too: always, never, or only in some of its forms. */
  readonly inSchema: 'always' | 'never' | 'sometimes';
}

const always = 'always';
const never = 'never';
const sometimes = 'sometimes';

/** Every code that a problem can have. Codes are an interface: never renamed. */
export const PROBLEMS = {
  // the text
  encoding: error('The file is not UTF-8.', never),
  too_large: error('The file, or what its schemas make of it, is larger than what is read.', never),
  too_deep: error('Values or schemas stand deeper in each other than what is read.', never),
  empty: error('The file holds nothing.', never),
  yaml: error('The text is not YAML 1.2.', never),
  line_break: error('A line ends in CR alone, which only some readers take for its end.', never),
  directive: error('The file has a `%TAG` directive, or a `%YAML` one for another version than 1.2.', never),
  second_document: error('The file holds more than one document.', never),
  anchor: error('A value has an anchor; values are written out where they belong.', never),
  alias: error('A value is an alias; values are written out where they belong.', sometimes),
  tag: error('A value has a tag.', sometimes),
  key: error('A key is no text, or one that no mapping can have.', sometimes),
  duplicate_key: error('A mapping has a key twice.', never),
  number: error('A number is not finite, or not one that a double holds exactly.', sometimes),
  text: error('A text is not well-formed Unicode.', never),
  // the form
  unknown_key: error('A mapping has a key that is not known there.', always),
  missing_key: error('A mapping lacks a key that it needs.', always),
  wrong_type: error('A value is of another kind than what belongs there.', always),
  wrong_value: error('A value is none of those that are possible there.', always),
  empty_list: error('A list is empty that must not be.', always),
  null_value: error(
    'The value of a condition is null, or holds one; `exists` asks whether there is a value.',
    always,
  ),
  version: error('`version` is not "1".', sometimes),
  bad_rule: error('Parts of a rule do not go together, or it does nothing.', always),
  bad_limit: error('The short form of a limit is not `N/UNIT`.', always),
  bad_window: error('A window is none, or longer than 366 days.', always),
  bad_state: error('A counter of amounts is not as it must be.', sometimes),
  unbounded_state: error('A counter of amounts has no condition that bounds it.', never),
  bad_regex: error('A regular expression is not one of RE2.', never),
  duplicate_name: error('Two rules of one key, or two cases of one file, have the same name.', never),
  // names
  unknown_tool: error('A name or glob means no tool.', sometimes),
  duplicate_tool: error('A list names a tool twice.', never),
  unknown_path: error('A path leads nowhere for the tools of its rule.', sometimes),
  // arguments
  bad_schema: error('`arguments` is not a JSON Schema, or one that never ends.', never),
  unknown_keyword: error('`arguments` has a keyword that JSON Schema does not know.', never),
  unknown_format: error('`arguments` has a format that is not known.', never),
  unknown_argument: error('`arguments` names an argument that the tool does not have.', never),
  // tests of policies
  unknown_caller: error('A case names a caller that is not in `callers`.', never),
  identity: error('A caller has a member that is not known or of the wrong type.', always),
  time: error('A time is not one such as 2026-01-01T00:00:00Z.', sometimes),
  order: error('Calls are not in the order of their times.', never),
  // legal, but likely not meant
  default_left_out: warning('`default` is left out, which means `allow`.'),
  everything_listed: warning('A glob lists every tool, so `default: deny` denies none.'),
  no_grants: warning('`grants` is empty, so every call is denied.'),
  granted_not_listed: warning('A tool is granted, but `default: deny` denies it.'),
  listed_not_granted: warning('A tool is listed, but in no grant.'),
  hidden_with_rules: warning('A tool is hidden, so its rules never apply.'),
  never_equal: warning('A value that is compared with is one that never stands there.'),
  never_known: warning(
    'A condition is always unknown: its operator says nothing of what stands at its path.',
  ),
  every_text: warning('A condition is met by every text.'),
  mixed_list: warning('A list of values to compare with has a number among texts.'),
  rewritten_number: warning('A number is not written as it is, so that it may be meant as a text.'),
  odd_name: warning(
    'A path has a name that is hardly one: a part of a URL, `*`, a number, or blanks at its ends.',
  ),
  unseen_character: warning('A text has a character that is not seen, or ends in a line break.'),
  never_applies: warning('A keyword in `arguments` says nothing of what stands there.'),
  never_valid: warning('A schema in `arguments` accepts nothing.'),
  contradiction: warning('Conditions of one list can never hold together.'),
  rule_never_fails: warning('A rule has nothing that could fail, or only conditions that always hold.'),
  rule_never_decides: warning('Whenever a rule could fail, another one has failed before it.'),
  limit_never_reached: warning('Another limit always stops calls before this one does.'),
  counter_twice: warning('Two rules give their counters the same name, and each counts for itself.'),
  deny_without_argument: warning('A deny also meets calls that lack the argument that it looks at.'),
  session_limit_only: warning(
    'What a tool mints is limited per session only, under a ceiling that is not written down.',
  ),
  secret_compared: warning('A condition compares a secret, so the policy holds one.'),
  not_compared: warning('The file has too many names, globs or rules for all of them to be compared.'),
  // what is left
  more: { severity: 'error', about: 'There are more problems than are shown.', inSchema: sometimes },
} as const satisfies Readonly<Record<string, Kind>>;

/** The code of a problem. */
export type ProblemCode = keyof typeof PROBLEMS;

function error(about: string, inSchema: Kind['inSchema']) {
  return { severity: 'error', about, inSchema } as const;
}

function warning(about: string) {
  return { severity: 'warning', about, inSchema: 'never' } as const;
}
